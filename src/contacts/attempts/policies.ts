/** The retry policies: when a failed attempt is retried, and what the caller gets if none succeeds. */
import type { Deadlines } from '../../callbell/client.ts'
import type { AttemptEvidence } from '../../callbell/failure-evidence.ts'
import { evidenceOf } from '../../callbell/failure-evidence.ts'
import type { CallContext } from '../../domain/call-context.ts'
import type { CallbellError } from '../../domain/callbell-error.ts'
import type { SentAttempts } from './failure.ts'
import { failedChange, failedIdempotent, failedRead } from './failure.ts'

/** The attempts of a call that failed. */
export interface FailedAttempts extends SentAttempts {
  /** The failure of the last attempt. */
  readonly last: CallbellError
  /** The failure of the first attempt that may have been carried out; undefined if none may. */
  readonly ambiguous: CallbellError | undefined
}

/** All attempts of a call failed. */
export class AttemptsFailed extends Error {
  override readonly name = 'AttemptsFailed'
  readonly failed: FailedAttempts

  constructor(failed: FailedAttempts) {
    super(failed.last.message, { cause: failed.last })
    this.failed = failed
  }
}

/** How the attempts of a request are retried. */
export interface AttemptPolicy {
  /** @returns the deadlines of each attempt of a call */
  readonly deadlines: (context: CallContext) => Deadlines
  /** Whether the request may be sent again after such a failure. */
  readonly mayRetry: (failure: CallbellError, evidence: AttemptEvidence) => boolean
  /**
   * Whether an attempt without an answer ends after half of the time. The rest is for a retry, or for a read that
   * verifies the outcome.
   *
   * @param isLast whether no attempt follows
   */
  readonly reservesTime: (isLast: boolean) => boolean
  /** @returns what to throw if all attempts failed */
  readonly errorOf: (failed: FailedAttempts) => unknown
}

/** A read changes nothing: it is sent again after each failure that may pass. */
export const readPolicy: AttemptPolicy = {
  deadlines: ({ deadline, timeoutMs }) => ({
    // A read that is sent later would not be answered in time.
    queueBy: deadline - timeoutMs / 5,
    respondBy: deadline,
  }),
  mayRetry: ({ isTransient }) => isTransient,
  reservesTime: (isLast) => !isLast,
  errorOf: ({ last }) => failedRead(last),
}

/** An idempotent change is sent again unless Callbell refused it. */
export const idempotentPolicy: AttemptPolicy = {
  deadlines: ({ deadline }) => ({
    // A change that is sent later would time out, and its outcome would be unknown.
    queueBy: deadline - (deadline - performance.now()) / 5,
    respondBy: deadline,
  }),
  mayRetry: ({ code }, evidence) => evidence !== 'REFUSED' && code !== 'OVERLOADED',
  reservesTime: (isLast) => !isLast,
  errorOf: (failed) => errorOfChange(failed, failedIdempotent),
}

/** For how long lookups verify the outcome of an ambiguous create, in milliseconds: not longer than this, … */
const maxVerificationMs = 2000
/** … and not longer than this fraction of the call's time. */
const verificationRatio = 0.4
/** The last lookup starts when that time is over. Its answer may take this fraction of that time. */
export const lastLookupRatio = 0.25

/** @returns milliseconds for which lookups verify the outcome of an ambiguous create */
export function verificationMs({ timeoutMs }: CallContext): number {
  return Math.min(maxVerificationMs, verificationRatio * timeoutMs)
}

/** A create is never sent again after an ambiguous attempt: it might be carried out twice. */
export const createPolicy: AttemptPolicy = {
  deadlines(context) {
    // The time after an attempt is for the verification of its outcome.
    const respondBy = context.deadline - (1 + lastLookupRatio) * verificationMs(context)
    // A create that is sent later would time out, and its outcome would be unknown.
    return { queueBy: respondBy - context.timeoutMs / 10, respondBy }
  },
  mayRetry: ({ code }, evidence) =>
    (evidence === 'NOT_SENT' || evidence === 'RATE_LIMITED') && code !== 'OVERLOADED',
  reservesTime: () => false,
  // The outcome of an ambiguous attempt is verified first.
  errorOf: (failed) => new AttemptsFailed(failed),
}

/** The create policy for a change whose outcome nothing verifies: it may take all of the time. */
export const unverifiedPolicy: AttemptPolicy = {
  ...createPolicy,
  deadlines: idempotentPolicy.deadlines,
  errorOf: (failed) => errorOfChange(failed, failedChange),
}

/** The create policy for a change whose outcome one read verifies: each attempt leaves time for it. */
export const compareAndSetPolicy: AttemptPolicy = { ...unverifiedPolicy, reservesTime: () => true }

function errorOfChange(failed: FailedAttempts, failure: typeof failedChange): unknown {
  const { last, ambiguous } = failed
  if (ambiguous !== undefined) return failure(ambiguous, 'UNKNOWN', failed)
  const isRejected = evidenceOf(last) === 'REFUSED' && last.code === 'CALLBELL_REJECTED'
  return isRejected ? last : failure(last, 'NOT_APPLIED', failed)
}

/** Replicas that repeat a create with an idempotency key, and a scripted Callbell. */
import pino from 'pino'
import { createCreateAttempts } from '../../src/contacts/create/attempt-create.ts'
import { createCalibration } from '../../src/contacts/create/calibration.ts'
import type { CreateOperation, LookupFinding } from '../../src/contacts/create/creation.ts'
import type { Idempotency } from '../../src/contacts/create/idempotency.ts'
import { createIdempotency } from '../../src/contacts/create/idempotency.ts'
import type { CallContext } from '../../src/domain/call-context.ts'
import { CallbellError } from '../../src/domain/callbell-error.ts'
import { momentNow } from '../../src/domain/moment.ts'
import type { Store } from '../../src/store/store.ts'
import { options, locksOn } from './identity-requests.ts'
import { createTestContext } from './test-context.ts'

const log = pino({ level: 'silent' })
/** By how much Callbell's clock is ahead of the gateway's. */
const aheadMs = 1_000_000
export const never = new Promise<never>(() => undefined)

/** An attempt without a definite answer. */
export async function failAmbiguously(): Promise<never> {
  const sentAt = momentNow()
  await new Promise((resolve) => void setTimeout(resolve, 100))
  throw new CallbellError('CALLBELL_UNAVAILABLE', 'cut', { progress: 'sent', sentAt })
}

/** What Callbell does with requests and lookups, and when each was sent. */
export function openCallbell() {
  const callbell = {
    send: (): Promise<string> => Promise.resolve('made'),
    probe: (): Promise<LookupFinding<string>> => Promise.resolve('ABSENT'),
    sends: new Array<number>(),
    probes: new Array<number>(),
    /** The deadline of each lookup. */
    probesEndBy: new Array<number>(),
    /** The earliest creation time that each lookup accepted, on the gateway's clock. */
    notBefore: new Array<number | null>(),
  }
  const creation: CreateOperation<string> = {
    kind: 'contact',
    fingerprint: () => 'input',
    identity: 'i',
    lookup: 'l',
    canBeLookedUp: true,
    send() {
      callbell.sends.push(performance.now())
      return callbell.send()
    },
    lookUp: (notBefore, ask) =>
      ask(({ respondBy }) => {
        const since = notBefore()
        callbell.probes.push(performance.now())
        callbell.probesEndBy.push(respondBy)
        callbell.notBefore.push(since === null ? null : since - aheadMs)
        return callbell.probe()
      }),
    findCreated: () => Promise.resolve(true),
    restore: String,
  }
  return { callbell, creation }
}

export function contextFor(timeoutMs: number, change: Partial<CallContext> = {}): CallContext {
  return { ...createTestContext(), timeoutMs, deadline: performance.now() + timeoutMs, ...change }
}

/** One replica. Lookups are proved. */
export function openReplica(store: Store): Idempotency {
  const calibration = createCalibration({ createCall: () => () => never, log, proved: ['contact'] })
  const attempts = createCreateAttempts({
    calibration,
    timeAt: ({ monotonicMs }) => monotonicMs + aheadMs,
  })
  const identities = locksOn(store)
  return createIdempotency({ store, attempts, identities, log }, { ...options, callerStoreBytes: 0 })
}

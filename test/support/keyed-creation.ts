/** Replicas that create one thing with an idempotency key, and a Callbell that does as it is told. */
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
import { options, turnsOn } from './identity-requests.ts'
import { createTestContext } from './test-context.ts'

const log = pino({ level: 'silent' })
/** Callbell's clock shows the gateway's, and this. */
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
    /** By when each lookup had to be answered. */
    probesEndBy: new Array<number>(),
    /** The gateway's time from which on each lookup counted what it found. */
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
  const identities = turnsOn(store)
  return createIdempotency({ store, attempts, identities, log }, { ...options, callerStoreBytes: 0 })
}

/** Makes a change once: repeats a mutation with one key until its outcome is certain. */
import type { Action } from './action.ts'
import { startAction, storeAction } from './action.ts'
import type { Verdict } from './judge.ts'
import { judgeAnswer, judgeThrown } from './judge.ts'
import type {
  KeyedData,
  KeyedVariables,
  OnceClock,
  OnceOptions,
  OnceResult,
  OnceStorage,
  Send,
} from './once-types.ts'
import type { TypedDocumentNode } from './typed-document-node.ts'
import { systemClock, within } from './within.ts'

const defaultDeadlineMs = 120_000
const defaultTryTimeoutMs = 30_000
/** The gateway remembers a key for a day by default. */
const defaultKeyLifetimeMs = 23 * 3_600_000
/** A storage that does not answer must not keep `once` from ending. */
const storageTimeoutMs = 5000
const firstBackoffMs = 500
const maxBackoffMs = 10_000
/** A clock that was set back further says nothing about the age of a key. The default lifetime leaves room for less. */
const maxClockStepMs = 60_000
/** Timers accept no more. */
const maxTimerMs = 2 ** 31 - 1

/**
 * Makes one change, however often it must be sent: `createContact` or `addConversationNote`.
 *
 * It creates the idempotency key before the first try, unless `variables.input` has one, and keeps it for every
 * try. It repeats the mutation while that is safe and may help, until the deadline.
 *
 * @param send sends the mutation with the GraphQL client of the application
 * @param document of one mutation, which selects `replayed` and `userErrors`
 * @returns how the action ended. It never throws what `send` or the storage throws
 * @throws TypeError for arguments that cannot work
 */
export async function once<Data extends KeyedData, Variables extends KeyedVariables>(
  send: Send,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  options: OnceOptions = {},
): Promise<OnceResult<Data>> {
  checkArguments(send, variables, options)
  const clock = options.clock ?? systemClock
  const end = clock.now() + (options.deadlineMs ?? defaultDeadlineMs)
  const action = await openAction(variables, options, clock)
  const input = { ...variables.input, idempotencyKey: action.key }
  const sendOnce: SendOnce = (signal) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `send` does not use the types
    send(document as unknown as Parameters<Send>[0], { ...variables, input }, { signal })
  const result = await run<Data>(sendOnce, action, { ...options, clock }, end)
  // A key that stays stored does no harm: for an equal input it returns the same contact.
  if (result.status !== 'unknown') await action.forget().catch(() => undefined)
  return result
}

type SendOnce = (signal: Parameters<Send>[2]['signal']) => ReturnType<Send>

async function openAction(
  variables: KeyedVariables,
  { storage, name }: OnceOptions,
  clock: OnceClock,
): Promise<Action> {
  if (storage === undefined || name === undefined) return startAction(variables)
  const limits = { ms: storageTimeoutMs, clock }

  const limited: OnceStorage = {
    getItem: (item) => within(limits, () => storage.getItem(item)),
    setItem: (item, value) => within(limits, () => storage.setItem(item, value)),
    removeItem: (item) => within(limits, () => storage.removeItem(item)),
  }
  // One at a time, so that the second of two calls at once finds the key of the first.
  const opening = (openings.get(storage) ?? Promise.resolve()).then(() =>
    storeAction(variables, limited, name),
  )
  openings.set(
    storage,
    opening.then(
      () => undefined,
      () => undefined,
    ),
  )
  return opening
}

/** The end of the last call that opened an action in a storage. */
const openings = new WeakMap<OnceStorage, Promise<void>>()

/** Repeats until the action is settled or nothing more can be done. */
async function run<Data>(
  sendOnce: SendOnce,
  action: Action,
  options: OnceOptions & { readonly clock: OnceClock },
  end: number,
): Promise<OnceResult<Data>> {
  const { clock, signal, tryTimeoutMs = defaultTryTimeoutMs } = options
  const { keyLifetimeMs = defaultKeyLifetimeMs } = options
  const { key, startedAt } = action
  let mayBeApplied = action.isRepeat
  let error = action.problem
  const isStopped = (): boolean => signal?.aborted === true
  const stop = (reason: unknown): OnceResult<Data> => ({
    status: mayBeApplied ? 'unknown' : 'failed',
    error: reason,
    key,
  })
  if (error !== undefined) return stop(error)

  // Each round takes some time, and the deadline ends the last one.
  for (let tries = 0; ; tries += 1) {
    if (isStopped()) return stop(signal?.reason)
    const ageMs = Date.now() - startedAt
    if (ageMs > keyLifetimeMs || ageMs < -maxClockStepMs) {
      // The gateway may have forgotten the key, and would create a second contact.
      await action.forget().catch(() => undefined)
      return stop(new Error('The key is too old: the gateway may no longer know it.'))
    }
    const ms = Math.min(tryTimeoutMs, end - clock.now())
    if (ms <= 0) return stop(error)
    const verdict: Verdict<Data> = await within({ ms, clock, signal }, sendOnce).then(
      judgeAnswer<Data>,
      judgeThrown<Data>,
    )
    if (verdict.status !== 'failed-try') return verdict
    error = verdict.error
    // The answer to a repeat does not settle an earlier try, which may still be on its way.
    mayBeApplied ||= verdict.mayBeApplied
    if (isStopped()) return stop(signal?.reason)
    const delayMs = Math.max(verdict.retryAfterMs, backoffMs(tries))
    if (!verdict.isRepeatable || clock.now() + delayMs >= end) return stop(error)
    await clock.sleep(delayMs, signal ?? new AbortController().signal)
  }
}

/** Full jitter: the clients of an outage do not return at one moment. */
function backoffMs(tries: number): number {
  return Math.random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** tries)
}

function checkArguments(send: unknown, { input }: KeyedVariables, options: OnceOptions): void {
  if (typeof send !== 'function') throw new TypeError('`send` must be a function.')
  if (typeof input !== 'object' || input === null) throw new TypeError('`variables.input` must be an object.')
  for (const name of ['deadlineMs', 'tryTimeoutMs', 'keyLifetimeMs'] as const) {
    if (!((options[name] ?? 1) > 0)) throw new TypeError(`\`${name}\` must be a positive number.`)
  }
  if ((options.deadlineMs ?? 0) > maxTimerMs)
    throw new TypeError(`\`deadlineMs\` must be at most ${maxTimerMs}.`)
  const { storage, name = '' } = options
  if (storage !== undefined && name === '') throw new TypeError('`storage` needs a `name`.')
}

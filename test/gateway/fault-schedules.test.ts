/** Random schedules of faults, restarts, clocks and repeated calls. The guarantees hold in each of them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Contacts } from '../../src/contacts/contacts.ts'
import { ContactsError } from '../../src/contacts/attempts/failure.ts'
import { uuidOf } from '../../src/sandbox/contact-record.ts'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { startStopwatch } from '../support/stopwatch.ts'
import { createTestContacts } from '../support/test-contacts.ts'
import type { TestContext } from '../support/test-context.ts'
import { createTestContext } from '../support/test-context.ts'

const timeoutMs = 1000
/** Longer than any delay in a schedule. */
const resendAfterMs = 1500
/** How long after its deadline a call may end. */
const slackMs = 1000

/** Responses after which the outcome is unknown. */
const ambiguous = fc.constantFrom<Fault>(
  { status: 500 },
  { status: 502 },
  { status: 503, headers: { 'retry-after': '0' } },
  { status: 504 },
  { status: 520 },
  { status: 524 },
  { status: 408 },
  { status: 403, body: '<html>Blocked</html>' },
  { status: 404, body: '' },
  { status: 302 },
  { drop: true },
  { status: 201, body: 'nonsense' },
  { status: 200, body: { success: false } },
  { status: 200, body: { error: 'try again' } },
  { status: 200, body: '<html>Maintenance</html>' },
  // A response that a proxy sends to the wrong caller.
  {
    status: 201,
    body: { contact: { uuid: 'f'.repeat(32), name: 'Somebody else', phoneNumber: '+1 999 888' } },
  },
)

const postFault = fc.oneof(
  fc.constantFrom<Fault>(
    {},
    {},
    { status: 401 },
    { status: 422 },
    { status: 429, headers: { 'retry-after': '0' } },
    { status: 429 },
    { delayMs: 30 },
    { delayMs: 2 * timeoutMs },
  ),
  ambiguous,
  ambiguous.map((fault) => ({ ...fault, afterWork: true })),
  // Applied late: before or after the caller gets its result.
  fc
    .record({ fault: ambiguous, workAfterMs: fc.constantFrom(50, 600, 1200) })
    .map(({ fault, workAfterMs }) => ({ ...fault, workAfterMs })),
)
const getFault = fc.constantFrom<Fault>(
  {},
  {},
  {},
  { status: 500 },
  { status: 404, body: '<html>' },
  { status: 404, body: '' },
  { drop: true },
  { delayMs: 30 },
)

/** How far the wall clock of a process is off, and by how much it is adjusted while the process runs. */
const clock = fc.record({
  offsetMs: fc.constantFrom(0, 45_000, -45_000, 90_000_000),
  jumpMs: fc.constantFrom(0, 0, 60_000, -3_600_000),
})

const schedule = fc.record({
  posts: fc.array(postFault, { minLength: 20, maxLength: 40 }),
  gets: fc.array(getFault, { minLength: 20, maxLength: 60 }),
  clocks: fc.array(clock, { minLength: 6, maxLength: 6 }),
  /** For each key, the process that gets each call: 0 and 1 run first, then 2 and 3, then 4 and 5. */
  keys: fc.array(fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), { minLength: 10, maxLength: 20 }),
  phoneForm: fc.constantFrom('as-given' as const, 'digits' as const),
})

interface Result {
  readonly outcome: 'CREATED' | 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN'
  readonly uuid?: string | undefined
}

interface CallResult extends Result {
  readonly key: number
  readonly tookMs: number
}

/** An operation that is applied at most once per key. */
interface KeyedOperation {
  /** Adds what the first call needs. */
  prepare(sandbox: Sandbox, key: number): void
  run(contacts: Contacts, key: number, context: TestContext): Promise<Result>
  /** The uuid of each result in Callbell; undefined for a note. */
  created(sandbox: Sandbox, key: number): readonly (string | undefined)[]
}

/** @param groupOf keys of one group create the same contact */
function contactCreate(groupOf: (key: number) => number): KeyedOperation {
  return {
    prepare: () => undefined,
    async run(contacts, key, context) {
      const group = groupOf(key)
      const number = String(4000 + group)
      // Callers write numbers in each of these forms.
      const identifier = [`+39 333 123 ${number}`, `+39333123${number}`, `39333123${number}`][group % 3] ?? ''
      const input = { identifier, source: 'whatsapp', name: `Contact ${group}` } as const
      const result = await contacts.create({ ...input, idempotencyKey: `key ${key}` }, context)
      return { outcome: result.contact ? 'CREATED' : 'NOT_APPLIED', uuid: result.contact?.uuid }
    },
    created: ({ contacts }, key) =>
      contacts.all().flatMap(({ name, uuid }) => (name === `Contact ${groupOf(key)}` ? [uuid] : [])),
  }
}

/** Each note has a contact of its own, with a predictable uuid. */
const noteCreate: KeyedOperation = {
  prepare: ({ contacts }) => void contacts.add({ identifier: '1', source: 'telegram', name: 'Noted' }),
  async run(contacts, key, context) {
    const input = { uuid: uuidOf('contact', key + 1), text: `Key ${key}`, idempotencyKey: `key ${key}` }
    const { isAdded } = await contacts.addNote(input, context)
    return { outcome: isAdded ? 'CREATED' : 'NOT_APPLIED' }
  },
  created: ({ contacts }, key) =>
    (contacts.find(uuidOf('contact', key + 1))?.messages ?? []).map(() => undefined),
}

type Schedule = typeof schedule extends fc.Arbitrary<infer S> ? S : never

/** Runs a schedule on two replicas that restart twice. @returns the results of all calls */
async function run(
  sandbox: Sandbox,
  operation: KeyedOperation,
  plan: Schedule,
  check: (result: CallResult) => void,
) {
  const { posts, gets, clocks, keys } = plan
  for (const key of keys.keys()) operation.prepare(sandbox, key)
  sandbox.failNext(
    ...posts.map((fault) => ({ ...fault, on: 'POST' as const })),
    ...gets.map((fault) => ({ ...fault, on: 'GET' as const })),
  )
  // The store outlives the processes, like Redis.
  const store: Store = { ...openMemoryStore(), isShared: true }
  const results: CallResult[] = []

  async function runProcess(index: number): Promise<void> {
    const { offsetMs, jumpMs } = clocks[index] ?? { offsetMs: 0, jumpMs: 0 }
    let isSet = false
    const wallClock = (): number => Date.now() + offsetMs + (isSet ? jumpMs : 0)
    const { contacts, close } = createTestContacts(sandbox, store, { timeoutMs, resendAfterMs, wallClock })
    const call = async (key: number): Promise<void> => {
      const stopwatch = startStopwatch()
      const context = createTestContext('anyone', wallClock)
      const result = await operation.run(contacts, key, context).catch((error: unknown): Result => {
        if (!(error instanceof ContactsError) || error.outcome === undefined) throw error
        return { outcome: error.outcome }
      })
      const callResult = { key, ...result, tookMs: stopwatch.elapsedMs() }
      stopwatch.stop()
      results.push(callResult)
      check(callResult)
    }
    const setClock = setTimeout(() => (isSet = true), timeoutMs / 4)
    await Promise.all(keys.flatMap((calls, key) => calls.filter((n) => n === index).map(() => call(key))))
    clearTimeout(setClock)
    await close()
  }

  for (const first of [0, 2, 4]) await Promise.all([runProcess(first), runProcess(first + 1)])
  // All late work is done after this.
  await new Promise((resolve) => setTimeout(resolve, resendAfterMs))
  await store.close()
  for (const { tookMs } of results) expect(tookMs).toBeLessThan(timeoutMs + slackMs)
  return results
}

test.each([
  ['contact', contactCreate((key) => key)],
  ['note', noteCreate],
])(
  'no %s is duplicated, each outcome is true, and each call ends in time',
  { timeout: 240_000 },
  async (_what, operation) => {
    await fc.assert(
      fc.asyncProperty(schedule, async (plan) => {
        const sandbox = await startSandbox({ token: 't', phoneForm: plan.phoneForm })
        const results = await run(sandbox, operation, plan, ({ key, outcome }) => {
          // The outcome must be true when it is reported.
          if (outcome === 'NOT_APPLIED') expect(operation.created(sandbox, key)).toEqual([])
        })
        await sandbox.close()
        for (const key of plan.keys.keys()) {
          const created = operation.created(sandbox, key)
          expect(created.length).toBeLessThanOrEqual(1)
          for (const { outcome, uuid } of results.filter((one) => one.key === key)) {
            if (outcome === 'CREATED') expect(created).toEqual([uuid])
            if (outcome === 'APPLIED') expect(created).toHaveLength(1)
          }
        }
      }),
      { numRuns: 8, endOnFailure: true },
    )
  },
)

/** Three keys create the same contact, so that only the calls themselves differ. */
const sharedContact = contactCreate((key) => Math.floor(key / 3))

test('no call returns a contact that another call created', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (plan) => {
      const sandbox = await startSandbox({ token: 't', phoneForm: plan.phoneForm })
      const results = await run(sandbox, sharedContact, plan, () => undefined)
      await sandbox.close()
      const owners = new Map<string, number>()
      for (const { key, uuid } of results) {
        if (uuid === undefined) continue
        expect(owners.get(uuid) ?? key).toBe(key)
        owners.set(uuid, key)
        expect(sharedContact.created(sandbox, key)).toContain(uuid)
      }
      for (const key of plan.keys.keys()) {
        const keysOfGroup = [...plan.keys.keys()].filter(
          (other) => Math.floor(other / 3) === Math.floor(key / 3),
        )
        expect(sharedContact.created(sandbox, key).length).toBeLessThanOrEqual(keysOfGroup.length)
      }
    }),
    { numRuns: 8, endOnFailure: true },
  )
})

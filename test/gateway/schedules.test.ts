/** Random schedules of faults, restarts, clocks and repetitions: what is promised holds in all of them. */
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
/** Longer than anything in a schedule is late. */
const resendAfterMs = 1500
/** What the work of a call may add to its deadline. */
const slackMs = 1000

/** Answers after which the work may still be done. */
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
  // What a proxy meant for another caller.
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
  // Applied late: soon, or after the caller has been answered.
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

/** Milliseconds by which the wall clock of a process is wrong, and by which it is set while it runs. */
const clock = fc.record({
  offsetMs: fc.constantFrom(0, 45_000, -45_000, 90_000_000),
  jumpMs: fc.constantFrom(0, 0, 60_000, -3_600_000),
})

const schedule = fc.record({
  posts: fc.array(postFault, { minLength: 20, maxLength: 40 }),
  gets: fc.array(getFault, { minLength: 20, maxLength: 60 }),
  clocks: fc.array(clock, { minLength: 6, maxLength: 6 }),
  /** For each key, its calls: at once or one after the other, by which replica, in which life of both. */
  keys: fc.array(fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }), { minLength: 10, maxLength: 20 }),
  phoneForm: fc.constantFrom('as-given' as const, 'digits' as const),
})

interface Result {
  readonly outcome: 'CREATED' | 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN'
  readonly uuid?: string | undefined
}

interface Reported extends Result {
  readonly key: number
  readonly tookMs: number
}

/** Something that is made once for each key. */
interface Thing {
  /** What must be there before the first call. */
  prepare(sandbox: Sandbox, key: number): void
  make(contacts: Contacts, key: number, context: TestContext): Promise<Result>
  /** The uuid of each that was made. */
  made(sandbox: Sandbox, key: number): readonly (string | undefined)[]
}

/** @param groupOf keys of one group ask for the same contact */
function contactOf(groupOf: (key: number) => number): Thing {
  return {
    prepare: () => undefined,
    async make(contacts, key, context) {
      const group = groupOf(key)
      const number = String(4000 + group)
      // Each way of writing a number is one that callers use.
      const identifier = [`+39 333 123 ${number}`, `+39333123${number}`, `39333123${number}`][group % 3] ?? ''
      const input = { identifier, source: 'whatsapp', name: `Contact ${group}` } as const
      const result = await contacts.create({ ...input, idempotencyKey: `key ${key}` }, context)
      return { outcome: result.contact ? 'CREATED' : 'NOT_APPLIED', uuid: result.contact?.uuid }
    },
    made: ({ contacts }, key) =>
      contacts.all().flatMap(({ name, uuid }) => (name === `Contact ${groupOf(key)}` ? [uuid] : [])),
  }
}

/** Each on a contact of its own, whose uuid can be foretold. */
const note: Thing = {
  prepare: ({ contacts }) => void contacts.add({ identifier: '1', source: 'telegram', name: 'Noted' }),
  async make(contacts, key, context) {
    const input = { uuid: uuidOf('contact', key + 1), text: `Key ${key}`, idempotencyKey: `key ${key}` }
    const { isAdded } = await contacts.addNote(input, context)
    return { outcome: isAdded ? 'CREATED' : 'NOT_APPLIED' }
  },
  made: ({ contacts }, key) =>
    (contacts.find(uuidOf('contact', key + 1))?.messages ?? []).map(() => undefined),
}

type Schedule = typeof schedule extends fc.Arbitrary<infer S> ? S : never

/** Runs a schedule in three lives of two replicas. @returns what the callers were answered */
async function run(sandbox: Sandbox, thing: Thing, plan: Schedule, check: (one: Reported) => void) {
  const { posts, gets, clocks, keys } = plan
  for (const key of keys.keys()) thing.prepare(sandbox, key)
  sandbox.failNext(
    ...posts.map((fault) => ({ ...fault, on: 'POST' as const })),
    ...gets.map((fault) => ({ ...fault, on: 'GET' as const })),
  )
  // The store outlives the processes, as Redis would.
  const store: Store = { ...openMemoryStore(), isShared: true }
  const reported: Reported[] = []

  async function live(place: number): Promise<void> {
    const { offsetMs, jumpMs } = clocks[place] ?? { offsetMs: 0, jumpMs: 0 }
    let isSet = false
    const wallClock = (): number => Date.now() + offsetMs + (isSet ? jumpMs : 0)
    const { contacts, close } = createTestContacts(sandbox, store, { timeoutMs, resendAfterMs, wallClock })
    const call = async (key: number): Promise<void> => {
      const stopwatch = startStopwatch()
      const context = createTestContext('anyone', wallClock)
      const result = await thing.make(contacts, key, context).catch((error: unknown): Result => {
        if (!(error instanceof ContactsError) || error.outcome === undefined) throw error
        return { outcome: error.outcome }
      })
      const one = { key, ...result, tookMs: stopwatch.elapsedMs() }
      stopwatch.stop()
      reported.push(one)
      check(one)
    }
    const setClock = setTimeout(() => (isSet = true), timeoutMs / 4)
    await Promise.all(keys.flatMap((places, key) => places.filter((n) => n === place).map(() => call(key))))
    clearTimeout(setClock)
    await close()
  }

  for (const life of [0, 2, 4]) await Promise.all([live(life), live(life + 1)])
  // What is late is done by now.
  await new Promise((resolve) => setTimeout(resolve, resendAfterMs))
  await store.close()
  for (const { tookMs } of reported) expect(tookMs).toBeLessThan(timeoutMs + slackMs)
  return reported
}

test.each([
  ['contact', contactOf((key) => key)],
  ['note', note],
])(
  'no %s is doubled, no answer is false, no call is left waiting',
  { timeout: 240_000 },
  async (_what, thing) => {
    await fc.assert(
      fc.asyncProperty(schedule, async (plan) => {
        const sandbox = await startSandbox({ token: 't', phoneForm: plan.phoneForm })
        const reported = await run(sandbox, thing, plan, ({ key, outcome }) => {
          // At the moment when it is said, it is true.
          if (outcome === 'NOT_APPLIED') expect(thing.made(sandbox, key)).toEqual([])
        })
        await sandbox.close()
        for (const key of plan.keys.keys()) {
          const made = thing.made(sandbox, key)
          expect(made.length).toBeLessThanOrEqual(1)
          for (const { outcome, uuid } of reported.filter((one) => one.key === key)) {
            if (outcome === 'CREATED') expect(made).toEqual([uuid])
            if (outcome === 'APPLIED') expect(made).toHaveLength(1)
          }
        }
      }),
      { numRuns: 8, endOnFailure: true },
    )
  },
)

/** Three keys ask for each contact: nothing but the calls themselves sets them apart. */
const shared = contactOf((key) => Math.floor(key / 3))

test('no call is answered with a contact that another call made', { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (plan) => {
      const sandbox = await startSandbox({ token: 't', phoneForm: plan.phoneForm })
      const reported = await run(sandbox, shared, plan, () => undefined)
      await sandbox.close()
      const owners = new Map<string, number>()
      for (const { key, uuid } of reported) {
        if (uuid === undefined) continue
        expect(owners.get(uuid) ?? key).toBe(key)
        owners.set(uuid, key)
        expect(shared.made(sandbox, key)).toContain(uuid)
      }
      for (const key of plan.keys.keys()) {
        const keysOfGroup = [...plan.keys.keys()].filter(
          (other) => Math.floor(other / 3) === Math.floor(key / 3),
        )
        expect(shared.made(sandbox, key).length).toBeLessThanOrEqual(keysOfGroup.length)
      }
    }),
    { numRuns: 8, endOnFailure: true },
  )
})

/** Random schedules of faults, restarts and repetitions: what is promised holds in all of them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Contacts } from '../src/contacts/contacts.ts'
import { ContactsFailure } from '../src/contacts/failure.ts'
import type { Fault, Sandbox } from '../src/sandbox/sandbox.ts'
import { uuidOf } from '../src/sandbox/entry.ts'
import { startSandbox } from '../src/sandbox/sandbox.ts'
import { openMemoryStore } from '../src/store/memory.ts'
import { createTestContacts } from './support/test-contacts.ts'
import { createTestOrigin } from './support/test-origin.ts'

const timeoutMs = 1000
const settleMs = 150
/** What a busy machine may add to a deadline. */
const slackMs = 1000

const postFault = fc.oneof(
  fc.constantFrom<Fault>(
    {},
    { status: 401 },
    { status: 422 },
    { status: 429, headers: { 'retry-after': '0' } },
    { status: 429 },
    { status: 503, headers: { 'retry-after': '0' } },
    { status: 500 },
    { status: 500, afterWork: true },
    { status: 502 },
    { status: 504, afterWork: true },
    { drop: true },
    { drop: true, afterWork: true },
    { drop: true, workAfterMs: 50 },
    { status: 201, body: 'nonsense', afterWork: true },
    { delayMs: 30 },
    { delayMs: 2 * timeoutMs },
  ),
)
const getFault = fc.constantFrom<Fault>({}, {}, {}, { status: 500 }, { drop: true }, { delayMs: 30 })

const schedule = fc.record({
  posts: fc.array(postFault, { minLength: 20, maxLength: 40 }),
  gets: fc.array(getFault, { minLength: 20, maxLength: 40 }),
  /** For each key, its calls: at once or one after the other, and in which life of the process. */
  keys: fc.array(fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }), { minLength: 10, maxLength: 20 }),
})

interface Result {
  readonly outcome: 'CREATED' | 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN'
  readonly uuid?: string | undefined
}

interface Told extends Result {
  readonly key: number
  readonly tookMs: number
}

/** Something that is made once for each key. */
interface Thing {
  /** What must be there before the first call. */
  prepare(sandbox: Sandbox, key: number): void
  make(contacts: Contacts, key: number): Promise<Result>
  /** The uuid of each that was made. */
  made(sandbox: Sandbox, key: number): readonly (string | undefined)[]
}

const contact: Thing = {
  prepare: () => undefined,
  async make(contacts, key) {
    const input = { identifier: `+39 ${key}`, source: 'whatsapp', name: `Key ${key}` } as const
    const result = await contacts.create({ ...input, idempotencyKey: `key ${key}` }, createTestOrigin())
    return { outcome: result.contact ? 'CREATED' : 'NOT_APPLIED', uuid: result.contact?.uuid }
  },
  made: ({ contacts }, key) =>
    contacts.all().flatMap(({ name, uuid }) => (name === `Key ${key}` ? [uuid] : [])),
}

/** Each on a contact of its own, whose uuid can be foretold. */
const note: Thing = {
  prepare: ({ contacts }) => void contacts.add({ identifier: '1', source: 'telegram', name: 'Noted' }),
  async make(contacts, key) {
    const input = { uuid: uuidOf('contact', key + 1), text: `Key ${key}`, idempotencyKey: `key ${key}` }
    const { isAdded } = await contacts.addNote(input, createTestOrigin())
    return { outcome: isAdded ? 'CREATED' : 'NOT_APPLIED' }
  },
  made: ({ contacts }, key) =>
    (contacts.find(uuidOf('contact', key + 1))?.messages ?? []).map(() => undefined),
}

test.each([
  ['contact', contact],
  ['note', note],
])(
  'no %s is doubled, no lie is told, no call is left waiting',
  { timeout: 120_000 },
  async (_what, thing) => {
    await fc.assert(
      fc.asyncProperty(schedule, async ({ posts, gets, keys }) => {
        const sandbox = await startSandbox({ token: 't' })
        for (const key of keys.keys()) thing.prepare(sandbox, key)
        sandbox.failNext(
          ...posts.map((fault) => ({ ...fault, on: 'POST' as const })),
          ...gets.map((fault) => ({ ...fault, on: 'GET' as const })),
        )
        // The store outlives the processes, as a file would.
        const store = openMemoryStore()
        const told: Told[] = []
        for (let life = 0; life <= 2; life += 1) {
          const { contacts, close } = createTestContacts(sandbox, store, { timeoutMs, settleMs })
          const call = async (key: number): Promise<void> => {
            const start = performance.now()
            const result = await thing.make(contacts, key).catch((error: unknown): Result => {
              if (!(error instanceof ContactsFailure) || error.outcome === undefined) throw error
              return { outcome: error.outcome }
            })
            told.push({ key, ...result, tookMs: performance.now() - start })
            // At the moment when it is said, it is true.
            if (result.outcome === 'NOT_APPLIED') expect(thing.made(sandbox, key)).toEqual([])
          }
          await Promise.all(
            keys.flatMap((lives, key) => lives.filter((n) => n === life).map(() => call(key))),
          )
          await close()
        }
        await sandbox.close()

        for (const key of keys.keys()) {
          const made = thing.made(sandbox, key)
          const ofKey = told.filter((one) => one.key === key)
          expect(made.length).toBeLessThanOrEqual(1)
          for (const { outcome, uuid, tookMs } of ofKey) {
            if (outcome === 'CREATED') expect(made).toEqual([uuid])
            if (outcome === 'APPLIED') expect(made).toHaveLength(1)
            expect(tookMs).toBeLessThan(timeoutMs + slackMs)
          }
        }
      }),
      { numRuns: 8 },
    )
  },
)

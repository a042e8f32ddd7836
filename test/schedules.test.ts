/** Random schedules of faults, restarts and repetitions: what is promised holds in all of them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ContactsFailure } from '../src/contacts/failure.ts'
import type { Fault } from '../src/sandbox/sandbox.ts'
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

interface Told {
  readonly key: number
  readonly outcome: 'CREATED' | 'NOT_APPLIED' | 'APPLIED' | 'UNKNOWN'
  readonly uuid?: string | undefined
  readonly tookMs: number
}

test('no contact is doubled, no lie is told, no call is left waiting', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ posts, gets, keys }) => {
      const sandbox = await startSandbox({ token: 't' })
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
          const input = { identifier: `+39 ${key}`, source: 'whatsapp', name: `Key ${key}` } as const
          const start = performance.now()
          const result = await contacts
            .create({ ...input, idempotencyKey: `key ${key}` }, createTestOrigin())
            .then(
              ({ contact }) => ({
                outcome: contact ? ('CREATED' as const) : ('NOT_APPLIED' as const),
                uuid: contact?.uuid,
              }),
              (error: unknown) => {
                if (!(error instanceof ContactsFailure) || error.outcome === undefined) throw error
                return { outcome: error.outcome }
              },
            )
          told.push({ key, ...result, tookMs: performance.now() - start })
          // At the moment when it is said, it is true.
          if (result.outcome === 'NOT_APPLIED') expect(namesOf(key)).toEqual([])
        }
        const namesOf = (key: number): string[] =>
          sandbox.contacts.all().flatMap(({ name }) => (name === `Key ${key}` ? [name] : []))
        await Promise.all(keys.flatMap((lives, key) => lives.filter((n) => n === life).map(() => call(key))))
        await close()
      }
      await sandbox.close()

      for (const key of keys.keys()) {
        const made = sandbox.contacts.all().filter(({ name }) => name === `Key ${key}`)
        const ofKey = told.filter((one) => one.key === key)
        expect(made.length).toBeLessThanOrEqual(1)
        for (const { outcome, uuid, tookMs } of ofKey) {
          if (outcome === 'CREATED') expect(uuid).toBe(made[0]?.uuid)
          if (outcome === 'APPLIED') expect(made).toHaveLength(1)
          expect(tookMs).toBeLessThan(timeoutMs + slackMs)
        }
      }
    }),
    { numRuns: 8 },
  )
})

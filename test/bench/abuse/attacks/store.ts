/** Idempotency records, which fill a store. */
import { randomUUID } from 'node:crypto'
import type { Attack, Attacker } from '../attack.ts'

const create =
  'mutation($input:CreateContactInput!){createContact(input:$input){contact{uuid} userErrors{message}}}'
/** The account has this field, and takes any text in it. */
const longValue = 'v'.repeat(90_000)

/** At 100 calls a second it takes less than this to store a quarter of a gigabyte. */
const fillSeconds = 40

/** Ever new keys, with a contact of 90 kB each. */
function fill(attacker: Attacker): Promise<void> {
  let count = 0
  // Each for another person: creates for the same one are serialized.
  const next = (): Buffer =>
    attacker.graphql(create, {
      input: {
        identifier: String((count += 1)),
        source: 'WHATSAPP',
        name: 'Attacker',
        idempotencyKey: randomUUID(),
        customFields: [{ name: 'Billing Address', value: longValue }],
      },
    })
  return attacker.flood(next, { connections: 16 })
}

export const storeAttacks: readonly Attack[] = [
  {
    name: 'full-redis',
    what: 'keyed creates of 90 kB against a Redis of 256 MB; the honest caller uses keys, too',
    leastSeconds: fillSeconds,
    store: 'redis',
    honestWork: 'keys',
    run: fill,
  },
  {
    name: 'full-memory',
    what: 'the same against the store in memory',
    leastSeconds: fillSeconds,
    honestWork: 'keys',
    run: fill,
  },
]

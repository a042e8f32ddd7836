/** A Redis that seems to have had its data for long: stores take keys that it does not know at once. */
import { createClient } from '@redis/client'

/** What stores keep in Redis to know since when it has had its data, in microseconds. */
export const epochKey = 'callbell-graphql:epoch'

/** Waits until it can be reached. A store may have been faster, and have found a new Redis. */
export async function pretendAge(url: string): Promise<void> {
  const client = createClient({ url }).on('error', () => undefined)
  await client.connect()
  await client.set(epochKey, '1')
  await client.close()
}

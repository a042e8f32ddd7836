/** Makes a Redis appear to have had its data for a long time, so that stores accept unknown keys at once. */
import { createClient } from '@redis/client'

/** Stores record here since when Redis has had its data, in microseconds. */
export const epochKey = 'callbell-graphql:epoch'

/** Waits until Redis is reachable. A store may have been faster, and have found a new Redis. */
export async function pretendAge(url: string): Promise<void> {
  const client = createClient({ url }).on('error', () => undefined)
  await client.connect()
  await client.set(epochKey, '1')
  await client.close()
}

/** Stores on a Redis, clients that see and change its data, and claims of keys. */
import { createClient } from '@redis/client'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { openStore } from '../../src/store/open-store.ts'
import type { ClaimResult, Store } from '../../src/store/store.ts'
import { openTestStore } from './stores.ts'

export const minute = 60_000
const charge = { owner: 'one', bytes: 10, limitBytes: 0 }
export const put = { state: 'PUT' }

export function claim(store: Store, key: string, record = `record of ${key}`): Promise<ClaimResult> {
  return store.claim(key, record, minute, charge)
}

/** @returns the result of a claim, or the message of its error */
export function tryClaim(store: Store, key: string): Promise<unknown> {
  return claim(store, key).catch((error: Error) => error.message)
}

export async function openReadyStore(url: string, quarantineMs = 0): Promise<Store> {
  const store = await openTestStore(url, { quarantineMs })
  onTestFinished(() => store.close())
  return store
}

/** A store that may be unusable, and its log. */
export async function openLoggedStore(url: string) {
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) })
  const store = await openStore(url, log, { quarantineMs: 0 })
  onTestFinished(() => store.close())
  return { store, lines }
}

/** A client that reads and changes the data of Redis. */
export async function openClient(url: string) {
  const client = await createClient({ url }).connect()
  onTestFinished(() => client.close())
  return client
}

export const problemOf = (store: Store): Promise<string | null> =>
  store.ping().catch((error: Error) => error.message)

export const prefix = 'callbell-graphql:'
export const microsecondsAgo = (ms: number): number => (Date.now() - ms) * 1000

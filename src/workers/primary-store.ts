/** A worker's store: the one that the primary has, asked for each operation. */
import type { Store } from '../store/store.ts'
import type { Ask } from './peer.ts'
import type { StoreQuestion } from './store-questions.ts'
import {
  claimAnswer,
  doneAnswer,
  pingAnswer,
  recordAnswer,
  tokensAnswer,
  turnsAnswer,
} from './store-questions.ts'

export function createPrimaryStore(ask: Ask): Store {
  const askStore = (question: StoreQuestion): Promise<unknown> => ask(question)
  return {
    isShared: true,
    get: async (key) => recordAnswer.parse(await askStore({ kind: 'get', key })),
    putIfAbsent: async (key, record, ttlMs) =>
      recordAnswer.parse(await askStore({ kind: 'putIfAbsent', key, record, ttlMs })),
    claim: async (key, record, ttlMs, charge) =>
      claimAnswer.parse(await askStore({ kind: 'claim', key, record, ttlMs, charge })),
    replace: async (key, expected, record, ttlMs, charge) =>
      doneAnswer.parse(await askStore({ kind: 'replace', key, expected, record, ttlMs, charge })),
    remove: async (key, expected, charge) =>
      doneAnswer.parse(await askStore({ kind: 'remove', key, expected, charge })),
    takeTurns: async (request) => turnsAnswer.parse(await askStore({ kind: 'takeTurns', request })),
    takeTokens: async (bucket, tokens, mode, perSecond, capacity) =>
      tokensAnswer.parse(await askStore({ kind: 'takeTokens', bucket, tokens, mode, perSecond, capacity })),
    ping: async () => pingAnswer.parse(await askStore({ kind: 'ping' })),
    // It is the primary's, and goes with it.
    close: () => Promise.resolve(),
  }
}

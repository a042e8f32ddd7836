/** The primary's store, at the workers' service; with what they share besides records. */
import { TokenBuckets } from '../rate-limit/token-buckets.ts'
import type { Store } from '../store/store.ts'
import type { StoreQuestion } from './store-questions.ts'
import { TurnBook } from './turn-book.ts'

export function createStoreService(
  store: Store,
): (question: StoreQuestion, worker: number) => Promise<unknown> {
  const turns = new TurnBook()
  /** By what they hold and gain, which is the same for all workers. */
  const buckets = new Map<string, TokenBuckets>()

  function bucketsOf(perSecond: number, capacity: number): TokenBuckets {
    const name = `${perSecond} ${capacity}`
    const known = buckets.get(name) ?? new TokenBuckets(perSecond, capacity)
    buckets.set(name, known)
    return known
  }

  return async (question, worker) => {
    switch (question.kind) {
      case 'get':
        return store.get(question.key)
      case 'putIfAbsent':
        return store.putIfAbsent(question.key, question.record, question.ttlMs)
      case 'claim':
        return store.claim(question.key, question.record, question.ttlMs, question.charge)
      case 'replace': {
        const { key, expected, record, ttlMs, charge } = question
        return store.replace(key, expected, record, ttlMs, charge)
      }
      case 'remove':
        return store.remove(question.key, question.expected, question.charge)
      case 'takeTurns':
        return turns.take(worker, question.request, performance.now())
      case 'takeTokens': {
        const { bucket, tokens, mode, perSecond, capacity } = question
        return bucketsOf(perSecond, capacity).take(bucket, tokens, mode, performance.now())
      }
      case 'ping':
      default:
        return store.ping()
    }
  }
}

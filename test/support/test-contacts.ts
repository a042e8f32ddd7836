/** The contacts layer without GraphQL and HTTP: one process lifetime. */
import pino from 'pino'
import { createCallbellClient } from '../../src/callbell/client.ts'
import type { Contacts } from '../../src/contacts/contacts.ts'
import { createContacts } from '../../src/contacts/contacts.ts'
import { createRetryBudgets } from '../../src/rate-limit/retry-budget.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { WallClock } from '../../src/domain/moment.ts'
import type { Store } from '../../src/store/store.ts'
import { noopObserver } from './test-context.ts'

export interface TestContactsOptions {
  readonly timeoutMs: number
  readonly resendAfterMs: number
  readonly wallClock?: WallClock
}

/** Lookups are proved from the start. */
export function createTestContacts(
  { url, token }: Pick<Sandbox, 'url' | 'token'>,
  store: Store,
  options: TestContactsOptions,
): { readonly contacts: Contacts; readonly close: () => Promise<void> } {
  const log = pino({ level: 'silent' })
  const callbell = createCallbellClient({
    url,
    token,
    userAgent: 'callbell-graphql/test',
    connectTimeoutMs: options.timeoutMs,
    maxRps: 0,
    log,
    wallClock: options.wallClock,
  })
  const contacts = createContacts(
    {
      callbell,
      store,
      budgets: createRetryBudgets(),
      log,
      background: noopObserver,
      wallClock: options.wallClock,
      proved: ['contact', 'note'],
    },
    { ...options, ttlMs: 3_600_000, callerStoreBytes: 0, isKeyRequired: false },
  )
  return { contacts, close: () => callbell.close() }
}

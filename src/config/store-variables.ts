/** The variables for the store, which keeps idempotency keys. */
import { z } from 'zod'
import { flag, wholeNumber } from './env-parsers.ts'
import { variable } from './variable.ts'

const storeUrl = z
  .string()
  .refine((text) => /^(?:memory:|sqlite:.+|rediss?:\/\/.+)$/.test(text), {
    error: 'must be memory:, sqlite:<file>, redis://<host> or rediss://<host> (its value is not shown here)',
  })
  // After two slashes some people expect a relative path, some a host, and the file system its root.
  .refine((text) => !text.startsWith('sqlite://'), {
    error:
      'must name its file directly after sqlite:, as sqlite:data/gateway.db or sqlite:/data/gateway.db. Remove the two slashes',
  })
  .describe('`memory:`, `sqlite:<file>`, `redis://<host>` or `rediss://<host>`')

/** The store where a token of Callbell is set: idempotency keys survive a restart. */
export const persistentStoreUrl = 'sqlite:data/gateway.db'

export const storeVariables = {
  STORE_URL: variable(storeUrl, {
    dependentDefault: {
      common: persistentStoreUrl,
      rule: `\`${persistentStoreUrl}\`; \`memory:\` on the sandbox`,
    },
    description:
      'Where idempotency keys are kept. Several replicas need Redis, version 7 or later. The path of a SQLite file follows the colon directly: `sqlite://…` is refused.',
  }),
  IDEMPOTENCY_REQUIRED: variable(flag(), {
    default: 'false',
    description:
      'Whether `createContact` and `addConversationNote` are refused without an `idempotencyKey`, so that no client can forget it.',
  }),
  IDEMPOTENCY_TTL_HOURS: variable(wholeNumber({ from: 1, to: 8760, unit: 'hours' }), {
    default: '24',
    description:
      'How long an idempotency key is remembered, at least; at most a 24th longer. With SQLite, time counts only while the gateway runs.',
  }),
}

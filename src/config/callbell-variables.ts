/** The variables for Callbell's API. */
import { z } from 'zod'
import { wholeNumber } from './env-parsers.ts'
import { secureUrl } from './secure-url.ts'
import { variable } from './variable.ts'

const token = z
  .string()
  // Callbell's dashboard shows the token with this prefix, and so it is often copied with it.
  .transform((text) => text.trim().replace(/^(?:Bearer(?:\s+|$))+/i, ''))
  .refine((text) => /^[\x21-\x7e]+$/.test(text), {
    error: 'must consist of printable ASCII characters without spaces (its value is not shown here)',
  })
  .refine((text) => !/^["'`]|["'`]$/.test(text), {
    error: 'must not start or end with a quote. Remove it (its value is not shown here)',
  })
  .describe('printable ASCII characters without spaces; a leading `Bearer` is removed')

const defaultUrl = 'https://api.callbell.eu/v1'

export const callbellVariables = {
  CALLBELL_API_TOKEN: variable(token, {
    description:
      'The API token of the Callbell account (in Callbell: Settings > API). Without it the gateway uses its built-in sandbox.',
  }),
  CALLBELL_API_URL: variable(secureUrl({ example: defaultUrl, mayHaveQuery: false }), {
    default: defaultUrl,
    description:
      'The base URL of Callbell’s API. The sandbox does not use it. A path that leads past the API is reported once in the log.',
  }),
  CALLBELL_TIMEOUT_MS: variable(wholeNumber({ from: 1, to: 300_000, unit: 'milliseconds' }), {
    default: '10000',
    description:
      'The deadline of one field, whatever Callbell does. It covers the queue, all attempts and all lookups. A create or a note reserves 2.5 seconds of it for lookups, but at most half of it.',
  }),
  CALLBELL_MAX_RPS: variable(wholeNumber({ from: 0, to: 100_000, unit: 'requests' }), {
    default: '300',
    description:
      'The highest number of requests to Callbell within any second, lookups included. `0` means no limit.',
  }),
  CALLBELL_RESEND_AFTER_MS: variable(wholeNumber({ from: 1000, to: 3_600_000, unit: 'milliseconds' }), {
    default: '60000',
    description:
      'The time from the end of an attempt with an unknown outcome until a call with the same idempotency key may send again. The gateway then sends again only if every lookup says that nothing was created. After a restart, another create must first show that lookups work. A shorter time risks a second contact.',
  }),
}

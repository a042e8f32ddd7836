import type { CreateContactInput, CreateContactMutation } from 'callbell-graphql/client'
import { CreateContactDocument } from 'callbell-graphql/client'
import { ClientError, request } from 'graphql-request'

const url = 'http://127.0.0.1:4000/graphql'
const giveUpAfterMs = 120_000

/** Milliseconds until the same call may be repeated; null: it may not. */
function retryDelayMs(error: unknown): number | null {
  // Nothing came back. The call may have run, and its key makes the repetition safe.
  if (!(error instanceof ClientError)) return 1000
  const extensions = error.response.errors?.[0]?.extensions
  // A proxy answered instead of the gateway.
  if (extensions === undefined) return error.response.status >= 500 ? 1000 : null
  if (extensions['retryable'] !== true) return null
  const { retryAfterMs } = extensions
  return typeof retryAfterMs === 'number' ? retryAfterMs : 1000
}

async function createContact(
  input: CreateContactInput & { idempotencyKey: string },
): Promise<CreateContactMutation['createContact']> {
  const end = performance.now() + giveUpAfterMs
  for (;;) {
    try {
      const answer = await request(url, CreateContactDocument, { input })
      return answer.createContact
    } catch (error) {
      const delayMs = retryDelayMs(error)
      if (delayMs === null || performance.now() + delayMs > end) throw error
      await new Promise((resolve) => setTimeout(resolve, delayMs))
    }
  }
}

const result = await createContact({
  identifier: '+39 333 123 4567',
  source: 'WHATSAPP',
  name: 'Giulia Bianchi',
  idempotencyKey: crypto.randomUUID(),
})
console.log(result?.contact?.name, result?.replayed, result?.userErrors)

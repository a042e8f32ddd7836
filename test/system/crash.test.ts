/** A process is killed during keyed creates, and the creates are repeated. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import type { ChildGateway } from '../support/child-gateway.ts'
import { startGateway } from '../support/child-gateway.ts'
import { postsOf } from '../support/counting-sandbox.ts'

const creates = 50
const query = `mutation ($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid name } userErrors { message } }
}`

interface CreateResponse {
  readonly data?: { readonly createContact: { readonly contact: { readonly uuid: string } } | null }
  readonly errors?: readonly { readonly extensions: { readonly outcome: string } }[]
}

/** @returns the response to create number `n`; null if the connection broke */
async function send(gateway: ChildGateway, n: number): Promise<CreateResponse | null> {
  const input = {
    identifier: `+39 06 ${555_000 + n}`,
    source: 'WHATSAPP',
    name: `Contact ${n}`,
    idempotencyKey: `key ${n}`,
  }
  const response = await fetch(await gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  }).catch(() => null)
  return response && response.json().catch(() => null)
}

function countContacts(sandbox: Sandbox, n: number): number {
  return sandbox.contacts.all().filter(({ name }) => name === `Contact ${n}`).length
}

test.each([1, 2, 3])(
  '50 creates that are repeated after SIGKILL create one contact each (%i)',
  { timeout: 300_000 },
  async () => {
    const sandbox = await startSandbox({ token: 't' })
    onTestFinished(() => sandbox.close())
    const variables = {
      CALLBELL_API_TOKEN: 't',
      CALLBELL_API_URL: sandbox.url,
      STORE_URL: `sqlite:${join(mkdtempSync(join(tmpdir(), 'crash-')), 'keys.db')}`,
      LOG_LEVEL: 'silent',
      CALLBELL_TIMEOUT_MS: '6000',
      CALLBELL_RESEND_AFTER_MS: '1000',
    }
    // Delays differ, so that the kill interrupts creates at every stage.
    sandbox.failNext(...Array.from({ length: creates }, (_, n) => ({ delayMs: (n * 7) % 100 })))

    const first = startGateway(variables)
    await first.url
    // The gateway needs Callbell's time to prove that a call created a contact.
    await expect.poll(() => sandbox.requests.filter(({ path }) => path.endsWith('/auth/me'))).toHaveLength(1)
    const calls = sendAll(first)
    await expect.poll(() => postsOf(sandbox).length, { interval: 1 }).toBeGreaterThan(0)
    await delay(Math.random() * 60)
    first.kill('SIGKILL')
    await first.ended
    const before = await calls

    const second = startGateway(variables)
    const after = await sendAll(second)
    second.kill('SIGTERM')
    await second.ended
    for (const [n, response] of after.entries()) {
      // A result of the killed process still holds.
      const uuid = uuidIn(before[n])
      if (uuid !== undefined) expect(uuidIn(response)).toBe(uuid)
      // A create that Callbell has not received may still arrive, so it is UNKNOWN and is not sent again.
      // On a busy machine, the time may be too short to find an existing contact.
      if (uuidIn(response) === undefined) {
        expect(response?.errors?.[0]?.extensions.outcome).toBe('UNKNOWN')
        expect(countContacts(sandbox, n)).toBeLessThanOrEqual(1)
      } else {
        expect(countContacts(sandbox, n)).toBe(1)
      }
    }

    // After the deadline of the killed process and the quiet period, lookups settle each create.
    // A new create proves that lookups work.
    const third = startGateway(variables)
    await third.url
    await expect.poll(async () => uuidIn(await send(third, creates))).toBeTypeOf('string')
    for (let n = 0; n < creates; n += 1) {
      await expect
        .poll(async () => uuidIn(await send(third, n)), { timeout: 60_000, interval: 200 })
        .toEqual(uuidIn(after[n]) ?? expect.any(String))
      expect(countContacts(sandbox, n)).toBe(1)
    }
  },
)

async function sendAll(gateway: ChildGateway): Promise<(CreateResponse | null)[]> {
  await gateway.url
  return Promise.all(Array.from({ length: creates }, (_, n) => send(gateway, n)))
}

function uuidIn(response: CreateResponse | null | undefined): string | undefined {
  return response?.data?.createContact?.contact.uuid
}

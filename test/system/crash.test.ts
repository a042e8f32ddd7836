/** Processes that are killed in the middle of keyed creates. */
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

interface Told {
  readonly data?: { readonly createContact: { readonly contact: { readonly uuid: string } } | null }
  readonly errors?: readonly { readonly extensions: { readonly outcome: string } }[]
}

/** What a caller is told of create number `n`; null if the connection broke. */
async function ask(gateway: ChildGateway, n: number): Promise<Told | null> {
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

function countOf(sandbox: Sandbox, n: number): number {
  return sandbox.contacts.all().filter(({ name }) => name === `Contact ${n}`).length
}

test.each([1, 2, 3])(
  'of 50 creates with a kill -9 in the middle, asked for again, none is lost and none is doubled (%i)',
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
    // Some answers come late, so that the kill finds creates at every stage.
    sandbox.failNext(...Array.from({ length: creates }, (_, n) => ({ delayMs: (n * 7) % 100 })))

    const first = startGateway(variables)
    await first.url
    // Before the gateway knows Callbell's time, nothing proves that a contact was created by this call.
    await expect.poll(() => sandbox.requests.filter(({ path }) => path.endsWith('/auth/me'))).toHaveLength(1)
    const asking = askAll(first)
    await expect.poll(() => postsOf(sandbox).length, { interval: 1 }).toBeGreaterThan(0)
    await delay(Math.random() * 60)
    first.kill('SIGKILL')
    await first.ended
    const before = await asking

    const second = startGateway(variables)
    const after = await askAll(second)
    second.kill('SIGTERM')
    await second.ended
    for (const [n, told] of after.entries()) {
      // What the first process told is true after its death.
      const uuid = uuidIn(before[n])
      if (uuid !== undefined) expect(uuidIn(told)).toBe(uuid)
      // What Callbell never got may still be on its way: it is told to be unknown, and is not sent again. On a busy
      // machine there may be no time left to find one that is there.
      if (uuidIn(told) === undefined) {
        expect(told?.errors?.[0]?.extensions.outcome).toBe('UNKNOWN')
        expect(countOf(sandbox, n)).toBeLessThanOrEqual(1)
      } else {
        expect(countOf(sandbox, n)).toBe(1)
      }
    }

    // Once the deadline of the process that died and the quiet period are over, lookups decide: as soon as a
    // create has shown that they work.
    const third = startGateway(variables)
    await third.url
    await expect.poll(async () => uuidIn(await ask(third, creates))).toBeTypeOf('string')
    for (let n = 0; n < creates; n += 1) {
      await expect
        .poll(async () => uuidIn(await ask(third, n)), { timeout: 60_000, interval: 200 })
        .toEqual(uuidIn(after[n]) ?? expect.any(String))
      expect(countOf(sandbox, n)).toBe(1)
    }
  },
)

async function askAll(gateway: ChildGateway): Promise<(Told | null)[]> {
  await gateway.url
  return Promise.all(Array.from({ length: creates }, (_, n) => ask(gateway, n)))
}

function uuidIn(told: Told | null | undefined): string | undefined {
  return told?.data?.createContact?.contact.uuid
}

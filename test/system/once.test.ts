/** `once` of the client while the gateway is killed and started again. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CreateContactDocument, once } from '../../src/client/index.ts'
import { startGateway } from '../support/child-gateway.ts'
import { openSandbox, postsOf } from '../support/counting-sandbox.ts'
import { fetchSend } from '../support/fetch-send.ts'
import { startTcpSwitch } from '../support/tcp-switch.ts'

const creates = 50

test(
  '50 creates make one contact each, although the gateway is killed during them',
  { timeout: 300_000 },
  async () => {
    const sandbox = await openSandbox()
    const variables = {
      CALLBELL_API_TOKEN: 't',
      CALLBELL_API_URL: sandbox.url,
      STORE_URL: `sqlite:${join(mkdtempSync(join(tmpdir(), 'once-')), 'keys.db')}`,
      LOG_LEVEL: 'silent',
      CALLBELL_RESEND_AFTER_MS: '1000',
    }
    // Delays differ, so that the kill interrupts creates at every stage.
    sandbox.failNext(
      ...Array.from({ length: creates }, (_, n) => ({ on: 'POST' as const, delayMs: 20 + ((n * 7) % 100) })),
    )
    const first = startGateway(variables)
    const { port, pathname } = new URL(await first.url)
    // The gateway needs Callbell's time to prove that a call created a contact.
    await expect.poll(() => sandbox.requests.filter(({ path }) => path.endsWith('/auth/me'))).toHaveLength(1)
    const address = await startTcpSwitch(Number(port))
    const send = fetchSend(`http://127.0.0.1:${address.port}${pathname}`)
    const results = Promise.all(
      Array.from({ length: creates }, (_, n) =>
        once(send, CreateContactDocument, {
          input: { identifier: `+39 06 ${555_000 + n}`, source: 'WHATSAPP', name: `Contact ${n}` },
        }),
      ),
    )
    await expect.poll(() => postsOf(sandbox).length, { interval: 1 }).toBeGreaterThan(creates / 4)
    first.kill('SIGKILL')
    await first.ended
    address.setTarget(null)
    const second = startGateway(variables)
    address.setTarget(Number(new URL(await second.url).port))

    const made = await results
    const contacts = sandbox.contacts.all().filter(({ name }) => name?.startsWith('Contact '))
    const uuids = new Map(contacts.map(({ name, uuid }) => [name, uuid]))
    expect(contacts).toHaveLength(creates)
    expect(
      made.map((result) => ('data' in result ? result.data.createContact?.contact?.uuid : result)),
    ).toEqual(made.map((_, n) => uuids.get(`Contact ${n}`)))
  },
)

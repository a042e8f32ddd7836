/**
 * `npm run bench:burst`: 2,000 creates at once, against a Callbell that answers 429 above 300 requests in
 * any second. It prints the duration, the results of the callers and the requests of the upstream. It exits
 * with 1 unless each contact was created once, without a 429, within 15 % of the time that 2,000 / 300 a
 * second takes.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Agent, request } from 'undici'

const creates = 2000
const maxRps = 300
const ideal = creates / maxRps
const tolerance = 0.15

// In its own thread, so that busy callers do not delay it.
const upstream = new Worker(new URL('upstream.ts', import.meta.url), {
  workerData: { token: 'bench', maxRps },
})
const [upstreamUrl] = await once(upstream, 'message')
const gateway = spawn(process.execPath, [join(import.meta.dirname, '../../src/main.ts')], {
  env: {
    PORT: '0',
    CALLBELL_API_TOKEN: 'bench',
    CALLBELL_API_URL: upstreamUrl,
    STORE_URL: 'memory:',
    LOG_LEVEL: 'warn',
    // All of it comes from one caller, who would be given a third of the account.
    GATEWAY_CALLER_RPS: '0',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
})
let url = ''
for await (const chunk of gateway.stdout) {
  url = /http:\S+?\/graphql/.exec(String(chunk))?.[0] ?? ''
  if (url) break
}

const dispatcher = new Agent({ connections: creates, headersTimeout: 60_000 })
const query = 'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { uuid } } }'

async function create(number: number): Promise<string> {
  const input = { identifier: `+39 333 ${number}`, source: 'WHATSAPP', name: `Contact ${number}` }
  const { body } = await request(url, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = JSON.parse(await body.text())
  return data?.createContact?.contact ? 'created' : String(errors?.[0]?.extensions?.code)
}

const start = performance.now()
const told = await Promise.all(Array.from({ length: creates }, (_, number) => create(number)))
const seconds = (performance.now() - start) / 1000
gateway.kill('SIGTERM')
await dispatcher.close()
upstream.postMessage('report')
const [{ contacts, requests, rejections }] = await once(upstream, 'message')
await upstream.terminate()

const counts = Object.entries(Object.groupBy(told, (word) => word)).map(
  ([word, all = []]) => `${all.length} ${word}`,
)
const different = new Set(contacts.map(({ name }: { readonly name: string }) => name)).size
const ratio = seconds / ideal
process.stdout.write(`callers:  ${counts.join(', ')}
upstream: ${requests} requests, ${rejections} of them answered 429, ${contacts.length} contacts created, ${different} different
time:     ${seconds.toFixed(2)} s; ${creates} at ${maxRps} a second take ${ideal.toFixed(2)} s: ratio ${ratio.toFixed(2)}
`)
const isOnce = contacts.length === creates && different === creates
process.exitCode = isOnce && rejections === 0 && Math.abs(ratio - 1) <= tolerance ? 0 : 1

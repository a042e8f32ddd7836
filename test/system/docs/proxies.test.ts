/** The proxies of deploy/ in front of a gateway: TLS, and which paths they forward. */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startGateway } from '../../support/child-gateway.ts'
import { certificate, key as certificateKey } from '../../support/test-certificate.ts'

const apiKey = 'the-key-of-a-frontend'
const digest = createHash('sha256').update(apiKey).digest('hex')

/** @returns a port that was free a moment ago, because a proxy does not print its port */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address !== null && typeof address === 'object' ? address.port : expect.fail('no port')
}

/** Replaces the placeholders of a file. Each must exist. */
function fillIn(file: string, placeholders: Readonly<Record<string, string>>): string {
  return Object.entries(placeholders).reduce(
    (config, [placeholder, value]) => {
      expect(config).toContain(placeholder)
      return config.replaceAll(placeholder, value)
    },
    readFileSync(file, 'utf8'),
  )
}

interface ProxySetup {
  readonly folder: string
  readonly port: number
  /** `127.0.0.1:…` */
  readonly gateway: string
}

const proxies = {
  nginx: {
    arguments: ({ folder }: ProxySetup) => ['-p', folder, '-e', 'stderr', '-c', join(folder, 'main.conf')],
    configure({ folder, port, gateway }: ProxySetup) {
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${join(folder, name)};`,
      )
      const site = fillIn('deploy/nginx.conf', {
        '127.0.0.1:4000': gateway,
        'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
        '/etc/nginx/tls': folder,
        'gateway.example': 'localhost',
      })
      writeFileSync(join(folder, 'site.conf'), site)
      const main = [
        'daemon off; master_process off; pid nginx.pid; error_log stderr;',
        `events {} http { access_log off; ${paths.join(' ')} include site.conf; }`,
      ]
      writeFileSync(join(folder, 'main.conf'), main.join('\n'))
    },
  },
  caddy: {
    arguments: ({ folder }: ProxySetup) => [
      'run',
      '--config',
      join(folder, 'Caddyfile'),
      '--adapter',
      'caddyfile',
    ],
    configure({ folder, port, gateway }: ProxySetup) {
      const site = fillIn('deploy/Caddyfile', {
        '127.0.0.1:4000': gateway,
        'gateway.example {': `https://localhost:${port} {\n\ttls ${join(folder, 'gateway.pem')} ${join(folder, 'gateway.key')}\n\tbind 127.0.0.1`,
      })
      const global = '{\n\tadmin off\n\tauto_https off\n}\n'
      writeFileSync(join(folder, 'Caddyfile'), `${global}${site}`)
    },
  },
}

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** Starts the proxy in front of a gateway, both ended after the test. */
async function startProxy(name: keyof typeof proxies): Promise<number> {
  const { host } = new URL(
    await startGateway({ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `web:${digest}` }).url,
  )
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'))
  const setup = { folder, port: await freePort(), gateway: host }
  mkdirSync(join(folder, 'logs'))
  writeFileSync(join(folder, 'gateway.pem'), certificate)
  writeFileSync(join(folder, 'gateway.key'), certificateKey)
  proxies[name].configure(setup)
  const child = spawn(name, proxies[name].arguments(setup), {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const isUp = () =>
    new Promise<boolean>((resolve) => {
      if (child.exitCode !== null) expect.fail(`${name} ended: ${stderr}`)
      get({ host: '127.0.0.1', port: setup.port, servername: 'localhost', ca: certificate }, (response) => {
        response.resume()
        resolve(true)
      }).on('error', () => resolve(false))
    })
  await expect.poll(isUp).toBe(true)
  return setup.port
}

async function send(port: number, path: string, body?: string): Promise<Answer> {
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path,
    servername: 'localhost',
    ca: certificate,
    method: body === undefined ? 'GET' : 'POST',
    headers: { host: 'localhost', 'content-type': 'application/json', 'x-api-key': apiKey },
  }).end(body)
  const [incoming] = await once(outgoing, 'response')
  return { status: incoming.statusCode, headers: incoming.headers, body: await text(incoming) }
}

/** The test of a proxy is skipped if the proxy is not installed, with a line that says so. */
function hasProgram(program: string): boolean {
  const isInstalled = spawnSync(program, ['version'], { stdio: 'ignore' }).error === undefined
  if (!isInstalled) process.stderr.write(`skipped: there is no ${program} on the PATH\n`)
  return isInstalled
}

describe.each(['nginx', 'caddy'] as const)('%s', (name) => {
  test('terminates TLS, forwards GraphQL, and hides the internal paths', async ({ skip }) => {
    if (!hasProgram(name)) skip(`there is no ${name} on the PATH`)
    const port = await startProxy(name)
    const answer = await send(port, '/graphql', '{"query":"{ __typename }"}')
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { data: { __typename: 'Query' } }])
    expect(answer.headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^[\w-]{32,36}$/),
    })
    const internalPaths = ['/metrics', '/livez', '/readyz', '/']
    const statuses = await Promise.all(internalPaths.map(async (path) => (await send(port, path)).status))
    expect(statuses).toEqual([404, 404, 404, 404])
    const tooLarge = await send(port, '/graphql', JSON.stringify({ query: ' '.repeat(110_000) }))
    expect([tooLarge.status, JSON.parse(tooLarge.body).errors[0].extensions.code]).toEqual([
      413,
      'REQUEST_ENTITY_TOO_LARGE',
    ])
  })
})

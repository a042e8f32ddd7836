/** The servers that are measured: each is a process of its own, started afresh for each measurement. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Child } from './child.ts'
import { startChild } from './child.ts'
import type { Request } from './connection.ts'
import { pinned } from './machine.ts'
import { createContact, variables, wireRequest } from './operations.ts'

export const serverNames = [
  'bare-proxy',
  'gateway',
  'graphql-js',
  'mercurius',
  'yoga',
  'apollo',
  'mesh',
] as const
export type ServerName = (typeof serverNames)[number]

export const titles: Readonly<Record<ServerName, string>> = {
  'bare-proxy': 'bare Node proxy',
  gateway: 'callbell-graphql with defaults',
  'graphql-js': 'graphql-js alone',
  mercurius: 'Mercurius with JIT',
  yoga: 'GraphQL Yoga with defaults',
  apollo: 'Apollo Server + datasource-rest',
  mesh: 'GraphQL Mesh’s OpenAPI handler',
}

const root = join(import.meta.dirname, '../../..')
const rivals = join(import.meta.dirname, '../rivals')
const token = 'a-token-of-callbell'
const apiKey = 'an-api-key-of-the-benchmark'

/**
 * All its protections are on. The two rate limits are so high that they count but never delay. The
 * log and keys, which the others have nothing like, are measured apart.
 */
const gatewayVariables = (upstreamUrl: string): NodeJS.ProcessEnv => ({
  PORT: '0',
  CALLBELL_API_TOKEN: token,
  CALLBELL_API_URL: upstreamUrl,
  CALLBELL_MAX_RPS: '100000',
  GATEWAY_CALLER_RPS: '100000',
  GATEWAY_CALLER_STORE_MB: '0',
  GATEWAY_AUTH: 'api-key',
  GATEWAY_API_KEYS: `bench:${createHash('sha256').update(apiKey).digest('hex')}`,
  STORE_URL: 'memory:',
  LOG_LEVEL: 'warn',
})
const rivalVariables = (upstreamUrl: string): NodeJS.ProcessEnv => ({
  NODE_ENV: 'production',
  UPSTREAM: upstreamUrl,
  TOKEN: token,
})

export interface RunningServer {
  readonly pid: number
  /** When it was started, on the clock of `performance.now()`. */
  readonly startedAt: number
  readonly host: string
  readonly port: number
  /** The bytes of a request that sends this text to it. */
  request(body: string): Request
  end(): Promise<void>
}

/** The body that a server is sent for a document, which only what speaks GraphQL takes. */
export function bodyFor(name: ServerName, query = createContact): string {
  if (name === 'bare-proxy') return wireRequest
  // Mesh names input types by itself.
  const text = name === 'mesh' ? query.replace('CreateContactInput!', 'CreateContact_Input!') : query
  return JSON.stringify({ query: text, variables })
}

/** Of text, to be sent to a URL. */
export function requestFor(url: URL, body: string, headers: readonly string[] = []): Request {
  const head = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    'content-type: application/json',
    'accept: application/json',
    ...headers,
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** The address that a child process prints when it listens. What else it prints is read, too, and dropped. */
export function addressOf({ process: child }: Child, name: string): Promise<URL> {
  const { promise, resolve, reject } = Promise.withResolvers<URL>()
  let output = ''
  function read(chunk: string): void {
    output += chunk
    const found = /listening on (http:\S+)\s/.exec(output)?.[1]
    if (found === undefined) return
    resolve(new URL(found))
    child.stdout?.off('data', read).resume()
  }
  child.stdout?.setEncoding('utf8').on('data', read)
  child.once('exit', () => reject(new Error(`${name} ended without an address`)))
  return promise
}

/** Starts a server, and ends it when it has been used. */
export async function withServer<Result>(
  name: ServerName,
  upstreamUrl: string,
  use: (server: RunningServer) => Promise<Result>,
  options?: StartOptions,
): Promise<Result> {
  const server = await startServer(name, upstreamUrl, options)
  try {
    return await use(server)
  } finally {
    await server.end()
  }
}

/** Of the gateway. */
export interface StartOptions {
  /** What to run, from the root of the repository. Default: the built one */
  readonly main?: string
  /** Besides the usual ones, or in their place. */
  readonly variables?: NodeJS.ProcessEnv | undefined
}

export async function startServer(
  name: ServerName,
  upstreamUrl: string,
  { main = 'dist/main.js', variables: others = {} }: StartOptions = {},
): Promise<RunningServer> {
  const isGateway = name === 'gateway'
  const script = isGateway ? join(root, main) : join(rivals, `${name}.js`)
  // As the image and `npm start` start it.
  const flags = isGateway ? ['--disallow-code-generation-from-strings'] : []
  const startedAt = performance.now()
  const child = await startChild(pinned('server', [process.execPath, ...flags, script]), {
    // A folder without `.env`, as the gateway would read it.
    cwd: import.meta.dirname,
    env: {
      PATH: process.env['PATH'],
      ...(isGateway ? { ...gatewayVariables(upstreamUrl), ...others } : rivalVariables(upstreamUrl)),
    },
    isRead: true,
  })
  const url = await addressOf(child, name)
  return {
    pid: child.pid,
    startedAt,
    host: url.hostname,
    port: Number(url.port),
    request: (body) => requestFor(url, body, isGateway ? [`authorization: Bearer ${apiKey}`] : []),
    end: () => child.end('SIGKILL'),
  }
}

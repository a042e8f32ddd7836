/** The process: reads its configuration, builds the parts, listens, and drains when told to end. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import packageJson from '../package.json' with { type: 'json' }
import { createCallbellClient } from './callbell/client.ts'
import type { Config } from './config.ts'
import { ConfigError, readConfig } from './config.ts'
import { createContacts } from './contacts/contacts.ts'
import { createGateway } from './gateway.ts'
import type { Health } from './http/health.ts'
import { listen } from './listen.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import { startSandbox } from './sandbox/sandbox.ts'
import type { Logger } from './telemetry/log.ts'
import { createLog } from './telemetry/log.ts'

/** What a field may still need after its deadline to be answered. */
const drainGraceMs = 1000

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

function readConfigOrFail(): Config {
  try {
    // What is set in the environment wins over the file.
    if (existsSync('.env')) process.loadEnvFile('.env')
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return fail(['The configuration has problems:', ...error.problems].join('\n  - '))
  }
}

function announce(log: Logger, config: Config, url: string): void {
  // The address is printed whatever the log's level: without it nobody finds the door.
  const announcer = log.child({}, { level: 'info' })
  announcer.info(`listening on ${url}${config.graphiql ? ' (open it in a browser for GraphiQL)' : ''}`)
  if (config.callbell === null) {
    announcer.info('CALLBELL_API_TOKEN is not set: using the built-in sandbox, nothing reaches Callbell')
  }
}

const config = readConfigOrFail()
const log = createLog(config.logLevel, process.stdout.isTTY)
/** Callbell itself, or the sandbox, which has an end of its own. */
const upstream: Pick<Sandbox, 'url' | 'token'> & Partial<Pick<Sandbox, 'close'>> =
  config.callbell ?? (await startSandbox({ token: randomUUID() }))
const callbell = createCallbellClient({
  url: upstream.url,
  token: upstream.token,
  userAgent: `${packageJson.name}/${packageJson.version}`,
  connectTimeoutMs: config.timeoutMs,
  log,
})
const health: Health = { upstream: config.callbell ? 'callbell' : 'sandbox', isDraining: false }
const gateway = createGateway({
  contacts: createContacts(callbell, config.timeoutMs),
  health,
  log,
  graphiql: config.graphiql,
  introspection: config.introspection,
})
const server = createServer((request, response) => {
  // A kept-alive connection would hold up the end of the process until it times out.
  response.once('close', () => health.isDraining && setImmediate(() => server.closeIdleConnections()))
  void gateway(request, response)
})

/** Takes no new connection, lets what has started finish, then lets the process end by itself. */
async function drain(signal: NodeJS.Signals): Promise<void> {
  health.isDraining = true
  log.info(`${signal}: finishing what has started`)
  const limit = setTimeout(() => server.closeAllConnections(), config.timeoutMs + drainGraceMs)
  server.close()
  await once(server, 'close')
  clearTimeout(limit)
  // Fields go on when their caller has gone: this waits for their requests as well.
  await callbell.close()
  await upstream.close?.()
}

const address = await listen(server, config.port, config.host.replace(/^\[(.*)\]$/, '$1')).catch(
  (error: Error) => fail(`Can't listen on HOST ${config.host}, PORT ${config.port}: ${error.message}`),
)
// Once: a second signal ends the process at once, as everywhere.
process.once('SIGTERM', (signal) => void drain(signal))
process.once('SIGINT', (signal) => void drain(signal))
const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address
announce(log, config, `http://${authority}:${address.port}/graphql`)

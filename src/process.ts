/** What every process of the gateway has: the settings it is started with, its log, its way to fail. */
import { existsSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { z } from 'zod'
import type { Config } from './config/config.ts'
import { readAuthentication } from './config/authentication.ts'
import { ConfigError, readConfig } from './config/config.ts'
import type { Store } from './store/store.ts'
import { openStore } from './store/open-store.ts'
import type { Logger } from './domain/logger.ts'
import { createLog } from './telemetry/log.ts'
import { readTextFile } from './config/text-file.ts'
import { StartError } from './domain/start-error.ts'

/** Of the headers for traces: a shorter value is no secret, and would be hidden wherever it stands. */
const shortestSecret = 8

/** In the folder that the process is started in. */
export const envFile = '.env'

export type Variables = NodeJS.Dict<string>

/** @throws ConfigError */
export function readEnvironment(): Variables {
  const file = existsSync(envFile) ? readTextFile(envFile, envFile) : { text: '' }
  if ('problem' in file) throw new ConfigError([file.problem])
  // What is set in the environment wins. It stays as it is, so that the file can be read again.
  return { ...parseEnv(file.text), ...process.env }
}

/** @throws StartError */
export function readSettings(readVariables: () => Variables): {
  readonly config: Config
  readonly variables: Variables
} {
  try {
    const variables = readVariables()
    return { config: readConfig(variables), variables }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new StartError(['The configuration has problems:', ...error.problems].join('\n  - '))
  }
}

export function readAuthenticationAgain() {
  try {
    return readAuthentication(readEnvironment())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problems: error.problems }
  }
}

/** To be called before anything is parsed or served. */
export function prepareRuntime(): void {
  disablePretenuring()
  // zod would write a parser as code for each object form; it must not, and should not even try.
  z.config({ jitless: true })
}

/**
 * V8 notices which places in the code make objects that survive
 * a collection, and then makes theirs among the old ones (allocation-site pretenuring). With many
 * requests under way those are parts of requests, which end soon; but there they keep the rest of
 * their request alive until the old ones are collected, too. Of 128 requests at a time that was 1.5
 * to 6 kB of each; without it is 0.1 kB, and a collection of the young takes a third of the time.
 */
function disablePretenuring(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}

/** From here on a bug that nobody catches ends the process with a line in the log. */
export function openLog({ logLevel, callbell, traces }: Config): Logger {
  const log = createLog({
    level: logLevel,
    secrets: [
      ...(callbell ? [callbell.token] : []),
      ...Object.values(traces?.headers ?? {}).filter(({ length }) => length >= shortestSecret),
    ],
    isTerminal: process.stdout.isTTY,
  })
  // Node would print it with all that it holds, past the log and what the log hides.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a bug ends the process')
    process.exit(1)
  })
  return log
}

/** @throws StartError */
export async function openOwnStore(
  { storeUrl, ttlMs, timeoutMs, resendAfterMs }: Config,
  log: Logger,
): Promise<Store> {
  try {
    // By then Callbell can't be at a call that was under way when the store lost its records.
    return await openStore(storeUrl, log, { quarantineMs: timeoutMs + resendAfterMs, ttlMs })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartError(`STORE_URL: the store can't be opened: ${reason}`)
  }
}

/** Says where the gateway is, and what lies behind it. */
export function announce(log: Logger, { callbell, graphiql }: Config, url: string): void {
  // Printed whatever the log's level: without the address nobody finds the door, and nobody
  // should have to guess whether what lies behind it is real.
  const announcer = log.child({}, { level: 'info' })
  announcer.info(`listening on ${url}${graphiql ? ' (open it in a browser for GraphiQL)' : ''}`)
  announcer.info(
    callbell
      ? `contacts are created for real, at ${callbell.url}`
      : 'CALLBELL_API_TOKEN is not set: using the built-in sandbox, nothing reaches Callbell',
  )
}

/** Ends the process: with a reason that is no bug, or as a bug does. */
export function fail(error: unknown): never {
  if (!(error instanceof StartError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

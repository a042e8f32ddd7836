/** The environment that the process is started in: its variables and the file `.env` in its folder. */
import { existsSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { Config } from './config.ts'
import { readAuthentication } from './authentication.ts'
import { ConfigError, readConfig } from './config.ts'
import { StartError } from '../domain/start-error.ts'
import { readTextFile } from './text-file.ts'

/** In the folder that the process is started in. */
export const envFile = '.env'

export type Variables = NodeJS.Dict<string>

/**
 * Reads the variables of the process and of `.env`, of which those of the process win.
 *
 * @throws ConfigError if `.env` cannot be read
 */
export function readEnvironment(): Variables {
  const file = existsSync(envFile) ? readTextFile(envFile, envFile) : { text: '' }
  if ('problem' in file) throw new ConfigError([file.problem])
  // `process.env` stays as it is, so that the file can be read again.
  return { ...parseEnv(file.text), ...process.env }
}

/** @throws StartError that lists everything that is wrong with the configuration */
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

/** Reads the settings of authentication again, while the process runs. It throws no ConfigError. */
export function reloadAuthentication() {
  try {
    return readAuthentication(readEnvironment())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problems: error.problems }
  }
}

/** The options of `npm run bench:abuse`, which its command line gives. */
import { parseArgs } from 'node:util'

export interface AbuseOptions {
  /** Of each attack; some take longer. Half as many go before it. */
  readonly seconds: number
  /** Names of attacks, in the order of the report. */
  readonly only: readonly string[]
  /** Whether the attacks are listed, and not run. */
  readonly list: boolean
  /** Whether the report goes into the file. */
  readonly write: boolean
  /** A Markdown file with the two marks. */
  readonly file: string
}

const defaultSeconds = 3
const longestSeconds = 60

/**
 * @param names of all attacks
 * @param page the file that is written by default
 * @throws where an option can't be understood
 */
export function readOptions(args: readonly string[], names: readonly string[], page: string): AbuseOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: String(defaultSeconds) },
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      file: { type: 'string', default: page },
    },
  })
  const seconds = Number(values.seconds)
  if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= longestSeconds)) {
    throw new Error(
      `--seconds must be a whole number from 1 to ${longestSeconds}, but is ${JSON.stringify(values.seconds)}`,
    )
  }
  const given = values.only?.split(',').filter((name) => name !== '')
  const unknown = given?.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new Error(
      `--only has ${JSON.stringify(unknown)}, which is not an attack. --list prints all of them`,
    )
  }
  if (given?.length === 0) throw new Error('--only must name at least one attack')
  const { list, write, file } = values
  return { seconds, only: names.filter((name) => given?.includes(name) ?? true), list, write, file }
}

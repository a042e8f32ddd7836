/** The options of `npm run soak`, which its command line gives. */
import { parseArgs } from 'node:util'

export interface SoakOptions {
  /** Of load. */
  readonly minutes: number
  /** Creates a second. */
  readonly rate: number
  /** Requests a second that the upstream takes. Retries and lookups need some beside the creates. */
  readonly limit: number
  /** The percentage of requests that fail. */
  readonly faults: number
  /** Seconds between two things that happen to the whole: from half of it to one and a half. */
  readonly every: number
  /** Repeats the order of what goes wrong. */
  readonly seed: number
}

/** @throws where one of them is no positive number */
export function readOptions(): SoakOptions {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '1' },
      rate: { type: 'string', default: '120' },
      limit: { type: 'string', default: '300' },
      faults: { type: 'string', default: '2' },
      every: { type: 'string', default: '25' },
      seed: { type: 'string', default: String(Math.ceil(Math.random() * 2 ** 31)) },
    },
  })
  const number = (name: keyof typeof values): number => {
    const value = Number(values[name])
    if (!(value > 0)) throw new Error(`--${name} must be a number above 0, but is ${values[name]}`)
    return value
  }
  return {
    minutes: number('minutes'),
    rate: number('rate'),
    limit: number('limit'),
    faults: number('faults'),
    every: number('every'),
    seed: number('seed'),
  }
}

/** The variables for the processes and the port that they serve. */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { anyString, wholeNumber } from './env-parsers.ts'
import { variable } from './variable.ts'

/** Each takes about a hundred megabytes: a higher number is a mistake. */
const maxWorkers = 128
const workerNumber = wholeNumber({ from: 1, to: maxWorkers })

const workers = z
  .string()
  .refine((text) => text === 'auto' || workerNumber.safeParse(text).success, {
    error: ({ input }) => `must be ${workerNumber.description}, or auto, but is ${JSON.stringify(input)}`,
  })
  .transform((text) => (text === 'auto' ? Math.min(availableParallelism(), maxWorkers) : Number(text)))
  .describe(`${workerNumber.description}, or \`auto\``)

export const serverVariables = {
  HOST: variable(anyString('an address or a host name'), {
    default: '127.0.0.1',
    description: 'The address that the gateway listens on.',
  }),
  PORT: variable(wholeNumber({ from: 0, to: 65_535 }), {
    default: '4000',
    description: 'The port that the gateway listens on. `0` means any free port; the address is printed.',
  }),
  DRAIN_DELAY_MS: variable(wholeNumber({ from: 0, to: 300_000, unit: 'milliseconds' }), {
    default: '0',
    description:
      'How long requests are still accepted after SIGTERM, while `/readyz` already answers 503. Set it to the time that a load balancer takes to notice.',
  }),
  GATEWAY_WORKERS: variable(workers, {
    default: '1',
    description:
      'The number of processes that serve the port. `auto` means one for each core. More than one process needs `redis://…` or `rediss://…` as `STORE_URL`: they share keys and limits through Redis.',
  }),
}

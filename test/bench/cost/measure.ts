/** Measures one server in one round, from its start on. */
import { ask, openLoad } from './load.ts'
import type { Answer, Request } from './connection.ts'
import { cpuMicroseconds, residentMebibytes } from './machine.ts'
import { forPerson, wireAnswer } from './operations.ts'
import type { RunningServer, ServerName } from './servers.ts'
import { bodyFor, withServer } from './servers.ts'
import { percentile } from './statistics.ts'

export interface Measurement {
  /** Microseconds of CPU time of the server's process, for each request. */
  readonly cpu: number
  /** Requests a second. */
  readonly throughput: number
  /** Milliseconds, with all connections busy. */
  readonly p50: number
  readonly p99: number
  /** Mebibytes, after its first answer and after the load. */
  readonly memoryAtStart: number
  readonly memory: number
  /** Milliseconds from the start of its process to its first answer. */
  readonly coldStart: number
}

export type LoadMeasurement = Pick<Measurement, 'cpu' | 'throughput' | 'p50' | 'p99'>

export interface LoadSize {
  readonly connections: number
  readonly warmUp: number
  readonly requests: number
}

/** @throws where the answer is no success: there is nothing to be measured then */
export function checkAnswer(name: ServerName, { status, body }: Answer): void {
  const text = body.toString()
  const isRight =
    name === 'bare-proxy'
      ? status === 201 && text === wireAnswer
      : status === 200 && text.startsWith('{"data":') && !text.includes('"errors":')
  if (!isRight) throw new Error(`${name} answered ${status}: ${text.slice(0, 500)}`)
}

/**
 * Of one kind of request, on a server that has been started.
 *
 * @param body of every request, or what makes the body of each
 */
export async function measureLoad(
  name: ServerName,
  server: RunningServer,
  body: string | (() => string),
  size: LoadSize,
): Promise<LoadMeasurement> {
  const request = requestMaker(server, body)
  const expected = await ask(server, request())
  checkAnswer(name, expected)
  const load = await openLoad(server, size.connections)
  try {
    await load.closedLoop(request, expected, size.warmUp)
    const cpuBefore = cpuMicroseconds(server.pid)
    const start = performance.now()
    const latencies = await load.closedLoop(request, expected, size.requests)
    const seconds = (performance.now() - start) / 1000
    return {
      cpu: (cpuMicroseconds(server.pid) - cpuBefore) / size.requests,
      throughput: size.requests / seconds,
      p50: percentile(latencies, 50),
      p99: percentile(latencies, 99),
    }
  } finally {
    load.close()
  }
}

/** @returns makes requests of which no two in a row are for the same person */
export function requestMaker(server: RunningServer, body: string | (() => string)): () => Request {
  let count = 0
  if (typeof body !== 'string') return () => server.request(forPerson(body(), count++))
  const requests = Array.from({ length: 900 }, (_, number) => server.request(forPerson(body, number)))
  return () => {
    const request = requests[count++ % requests.length]
    if (request === undefined) throw new Error('no request')
    return request
  }
}

export interface FirstAnswer {
  readonly coldStart: number
  readonly memoryAtStart: number
  /** The text of its answer, without what is around the data. */
  readonly data: string
}

/** Asks a server that has just been started. */
export async function firstAnswer(name: ServerName, server: RunningServer): Promise<FirstAnswer> {
  const answer = await ask(server, server.request(bodyFor(name)))
  const coldStart = performance.now() - server.startedAt
  checkAnswer(name, answer)
  return {
    coldStart,
    memoryAtStart: residentMebibytes(server.pid),
    data: JSON.stringify(JSON.parse(answer.body.toString()).data),
  }
}

export function measureServer(name: ServerName, upstreamUrl: string, size: LoadSize): Promise<Measurement> {
  return withServer(name, upstreamUrl, async (server) => {
    const { coldStart, memoryAtStart } = await firstAnswer(name, server)
    const measured = await measureLoad(name, server, bodyFor(name), size)
    return { ...measured, coldStart, memoryAtStart, memory: residentMebibytes(server.pid) }
  })
}

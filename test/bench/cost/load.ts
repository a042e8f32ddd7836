/** Load on a server: as fast as it answers (closed loop), or by a schedule that waits for nobody (open loop). */
import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, Connection, Request } from './connection.ts'
import { openConnection } from './connection.ts'

export interface Target {
  readonly host: string
  readonly port: number
}

/** What each answer must be, byte for byte: a server that fails fast would look like a fast one. */
export interface Expected {
  readonly status: number
  readonly body: Buffer
}

/** @throws where another answer came */
function check({ status, body }: Answer, expected: Expected): void {
  if (status === expected.status && body.equals(expected.body)) return
  throw new Error(
    `an answer in the load was not the one before it: ${status} ${body.toString('utf8', 0, 500)}`,
  )
}

/** One request on a connection of its own. */
export async function ask(target: Target, request: Request): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  // Where it does not connect, nobody waits for the answer.
  promise.catch(() => undefined)
  const connection = await openConnection(target.host, target.port, reject)
  connection.send(request, resolve)
  try {
    return await promise
  } finally {
    connection.close()
  }
}

export interface Load {
  /**
   * Sends a number of requests. Each connection sends the next one as soon as it has its answer.
   *
   * @param make gives a request; all must have the same answer
   * @returns milliseconds
   */
  closedLoop(make: () => Request, expected: Expected, count: number): Promise<Float64Array>
  close(): void
}

/** Before there is a load that could fail. */
const ignore = (_error: unknown): void => undefined

export async function openLoad(target: Target, connectionCount: number): Promise<Load> {
  let fail = ignore
  const opening = Array.from({ length: connectionCount }, () =>
    openConnection(target.host, target.port, (error) => fail(error)),
  )
  const connections = await Promise.all(opening)
  return {
    closedLoop(make, expected, count) {
      const { promise, resolve, reject } = Promise.withResolvers<Float64Array>()
      fail = reject
      const latencies = new Float64Array(count)
      let sent = 0
      let answered = 0
      function next(connection: Connection): void {
        if (sent === count) return
        sent += 1
        const request = make()
        const at = performance.now()
        connection.send(request, (answer) => {
          latencies[answered] = performance.now() - at
          answered += 1
          try {
            check(answer, expected)
          } catch (error) {
            reject(error)
            return
          }
          if (answered === count) resolve(latencies)
          else next(connection)
        })
      }
      if (count === 0) resolve(latencies)
      for (const connection of connections) next(connection)
      return promise
    },
    close() {
      for (const connection of connections) connection.close()
    },
  }
}

/** Timers are late by up to a millisecond: the rest is waited for turn by turn, so that answers are read meanwhile. */
const timerSlackMs = 2
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function waitUntil(time: number): Promise<void> {
  const left = time - performance.now()
  if (left > timerSlackMs) await delay(left - timerSlackMs)
  while (performance.now() < time) await nextTurn()
}

/**
 * Sends requests when they are due, whatever became of those before. Each one's latency counts from
 * when it was due, so that a server that stands still is late for all that were due meanwhile.
 * @returns milliseconds
 */
export async function openLoop(
  target: Target,
  make: () => Request,
  expected: Expected,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<Float64Array> {
  const count = perSecond * seconds
  const latencies = new Float64Array(count)
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => undefined)
  const all: Connection[] = []
  const idle: Connection[] = []
  const pending = new Set<Promise<void>>()

  async function open(): Promise<Connection> {
    const connection = await openConnection(target.host, target.port, reject)
    all.push(connection)
    return connection
  }
  async function send(number: number, due: number): Promise<void> {
    const connection = idle.shift() ?? (await open())
    const { promise, resolve } = Promise.withResolvers<Answer>()
    connection.send(make(), resolve)
    const answer = await Promise.race([promise, failed])
    latencies[number] = performance.now() - due
    idle.push(connection)
    check(answer, expected)
  }

  try {
    // As a balancer's are: requests find a connection that is open. They alternate, so that none idles until the server closes it.
    for (let number = 0; number < 16; number += 1) idle.push(await open())
    const start = performance.now() + 10
    for (let number = 0; number < count; number += 1) {
      const due = start + (number * 1000) / perSecond
      await waitUntil(due)
      const sending = send(number, due).finally(() => pending.delete(sending))
      sending.catch(reject)
      pending.add(sending)
    }
    await Promise.race([Promise.all(pending), failed])
    return latencies
  } finally {
    for (const connection of all) connection.close()
  }
}

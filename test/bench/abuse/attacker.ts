/** The attacker's side: connections, requests, and a count of what came back. */
import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createAnswerReader } from './answers.ts'
import type { Attacker, FloodOptions, HoldOptions, Line } from './attack.ts'
import { postBytes } from './requests.ts'

/** Bounds of every attack, whatever it asks for. */
const mostConnections = 4000
const mostBytes = 20_000_000_000
const usualReopenMs = 50
/** More at the same time would not fit into the kernel's queue, and be tried again a second later. */
const openedAtOnce = 100
const openEveryMs = 20

export interface AttackReport {
  /** How often each answer came, and how often a connection ended in which way. */
  readonly counts: Readonly<Record<string, number>>
  readonly sentBytes: number
  readonly receivedBytes: number
}

export interface AttackerOptions {
  readonly url: URL
  readonly key: string
  readonly signal: AbortSignal
}

/** @throws where the gateway is not on a loopback address: this is no tool against others */
export function createAttacker({ url, key, signal }: AttackerOptions): {
  readonly attacker: Attacker
  readonly report: () => AttackReport
} {
  if (url.hostname !== '127.0.0.1') throw new Error(`attacks go to 127.0.0.1 only, not to ${url.hostname}`)
  setMaxListeners(0, signal)
  const counts = new Map<string, number>()
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  let sentBytes = 0
  let receivedBytes = 0

  function createLine(socket: Socket, isRead: boolean): Line {
    const reader = createAnswerReader(count)
    const listeners: (() => void)[] = []
    if (isRead) {
      socket.on('data', (bytes) => {
        receivedBytes += bytes.length
        const answers = reader.read(bytes)
        for (let answer = 0; answer < answers; answer += 1) for (const listener of listeners) listener()
      })
      socket.once('close', () => reader.end())
    }
    function write(bytes: Buffer): boolean {
      if (!socket.writable || signal.aborted || sentBytes > mostBytes) return false
      sentBytes += bytes.length
      return socket.write(bytes)
    }
    return {
      socket,
      write,
      pump(bytes) {
        const fill = (): void => {
          while (write(bytes));
        }
        socket.on('drain', fill)
        fill()
      },
      onAnswer: (listener) => void listeners.push(listener),
    }
  }

  /** Opens one connection and waits until it has ended. */
  async function holdOne({ begin, isRead = true }: HoldOptions): Promise<void> {
    const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
    const close = (): void => void socket.destroy()
    let isOpen = false
    let failure: string | undefined
    socket.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? error.message))
    socket.once('connect', () => {
      isOpen = true
      begin(createLine(socket, isRead))
    })
    // Whatever is not read must not keep the end from being noticed.
    if (!isRead) socket.pause()
    signal.addEventListener('abort', close, { once: true })
    await new Promise<void>((resolve) => void socket.once('close', () => resolve()))
    signal.removeEventListener('abort', close)
    if (!signal.aborted) count(isOpen ? 'closed' : `not connected (${failure})`)
  }

  async function hold(options: HoldOptions): Promise<void> {
    const { connections, reopenMs = usualReopenMs } = options
    async function keep(slot: number): Promise<void> {
      const turn = Math.floor(slot / openedAtOnce)
      await delay(turn * openEveryMs, undefined, { signal }).catch(() => undefined)
      while (!signal.aborted) {
        await holdOne(options)
        await delay(reopenMs, undefined, { signal }).catch(() => undefined)
      }
    }
    await Promise.all(Array.from({ length: Math.min(connections, mostConnections) }, (_, slot) => keep(slot)))
  }

  function flood(
    make: () => Buffer,
    { connections, inFlight = 1, isRead = true }: FloodOptions,
  ): Promise<void> {
    return hold({
      connections,
      isRead,
      begin(line) {
        const send = (): void => void line.write(make())
        line.onAnswer(send)
        for (let request = 0; request < inFlight; request += 1) send()
      },
    })
  }

  return {
    attacker: {
      signal,
      host: url.host,
      hold,
      flood,
      graphql: (query, variables, operationName) =>
        postBytes(url.host, [`x-api-key: ${key}`], JSON.stringify({ query, variables, operationName })),
    },
    report: () => ({ counts: Object.fromEntries(counts), sentBytes, receivedBytes }),
  }
}

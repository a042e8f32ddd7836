/** The log: one JSON line an event on standard output, readable lines on a terminal, neither with a secret. */
import { createRequire } from 'node:module'
import type { DestinationStream, Logger, LoggerOptions } from 'pino'
import pino from 'pino'
import type PinoPretty from 'pino-pretty'
import { toPlain } from './plain.ts'
import { createRedact } from './redact.ts'

export type { Logger } from 'pino'

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel
  /** Known secrets, none empty: not written even where nothing else would tell them. */
  readonly secrets: readonly string[]
  /** Whether a person reads it. */
  readonly isTerminal?: boolean
  /** In place of standard output. */
  readonly destination?: DestinationStream
}

/** @returns a log that takes anything and does not throw; redaction is in it, and not with its callers */
export function createLog({ level, secrets, isTerminal = false, destination }: LogOptions): Logger {
  const redact = createRedact(secrets)
  const options: LoggerOptions = {
    level,
    base: null,
    formatters: { level: (label) => ({ level: label }), log: toPlain },
    // `toPlain` has done it; pino's own would copy every property of an error.
    serializers: { err: (error: unknown) => error },
    hooks: {
      logMethod(args, method) {
        try {
          method.apply(this, args)
        } catch {
          method.apply(this, ['something that can’t be logged happened'])
        }
      },
      // The one place that every line passes, with whatever its logger was bound to.
      streamWrite: (line) => `${JSON.stringify(redact(JSON.parse(line)))}\n`,
    },
  }
  if (!isTerminal) {
    return pino(
      { ...options, timestamp: pino.stdTimeFunctions.isoTime },
      destination ?? joinLines(pino.destination(1)),
    )
  }
  // Loaded only where a person reads: it takes its time.
  const pretty: typeof PinoPretty = createRequire(import.meta.url)('pino-pretty')
  return pino(
    options,
    pretty({ translateTime: 'SYS:HH:MM:ss', singleLine: true, destination: destination ?? 1 }),
  )
}

/** Milliseconds that a line may wait for others. */
const longestWaitMs = 10
const warn = pino.levels.values['warn'] ?? 0

/**
 * Lines that come shortly after one another are one write, which takes more than making them does.
 * From `warn` on a line does not wait, and nothing waits when the process ends: only one that is killed
 * can lose lines, those of the last hundredth of a second that were below `warn`.
 */
export function joinLines(destination: DestinationStream): DestinationStream {
  let lines = ''
  let timer: NodeJS.Timeout | undefined
  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const text = lines
    lines = ''
    if (text !== '') destination.write(text)
  }
  process.once('exit', flush)
  const joined = {
    // By this, pino tells the level of each line before it writes it.
    [pino.symbols.needsMetadataGsym]: true,
    lastLevel: 0,
    write(line: string) {
      lines += line
      if (joined.lastLevel >= warn) flush()
      else timer ??= setTimeout(flush, longestWaitMs)
    },
  }
  return joined
}

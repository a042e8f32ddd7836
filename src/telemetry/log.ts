/** The log: one JSON line for each event on standard output, readable lines on a terminal, both redacted. */
import { createRequire } from 'node:module'
import type { DestinationStream, Logger as Pino, LoggerOptions } from 'pino'
import pino from 'pino'
import type PinoPretty from 'pino-pretty'
import type { Logger, LogLevel } from '../domain/logger.ts'
import type { Serializer } from './serialize.ts'
import { createSerializer } from './serialize.ts'

export interface LogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel
  /** Known secrets, none empty. They are redacted wherever they appear. */
  readonly secrets: readonly string[]
  /** Whether the output is a terminal, which shows readable lines. Default: false. */
  readonly isTerminal?: boolean
  /** Default: standard output. */
  readonly destination?: DestinationStream
}

/** @returns a log that accepts any value and redacts it before it becomes text */
export function createLog({ level, secrets, isTerminal = false, destination }: LogOptions): Logger {
  const serializer = createSerializer(secrets)
  const options: LoggerOptions = {
    level,
    base: null,
    formatters: { level: (label) => ({ level: label }), log: serializer.fields },
    serializers: {
      // pino calls it with the whole message: after its prefix, with the values of its placeholders.
      msg: (message: unknown) => serializer.value(message) ?? '[unreadable]',
      // Replaces pino's own, which copies every property of an error. The formatter has serialized it.
      err: (error: unknown) => error,
    },
    hooks: {
      logMethod(args, method) {
        try {
          method.apply(this, args)
        } catch {
          method.apply(this, ['a log entry could not be serialized'])
        }
      },
    },
  }
  if (!isTerminal) {
    const timestamp = pino.stdTimeFunctions.isoTime
    return wrap(
      pino({ ...options, timestamp }, destination ?? joinLines(pino.destination(1))),
      {},
      serializer,
    )
  }
  // Loaded lazily: loading it takes long, and only a terminal needs it.
  const pretty: typeof PinoPretty = createRequire(import.meta.url)('pino-pretty')
  const output = pretty({ translateTime: 'SYS:HH:MM:ss', singleLine: true, destination: destination ?? 1 })
  return wrap(pino(options, output), {}, serializer)
}

/** @param bindings serialized already: pino's own bindings bypass the formatter and the escaping of keys */
function wrap(log: Pino, bindings: object, serializer: Serializer): Logger {
  return {
    fatal: log.fatal.bind(log),
    error: log.error.bind(log),
    warn: log.warn.bind(log),
    info: log.info.bind(log),
    debug: log.debug.bind(log),
    trace: log.trace.bind(log),
    isLevelEnabled: (level) => log.isLevelEnabled(level),
    child(more, options = {}) {
      const all = { ...bindings, ...serializer.fields(more) }
      const formatters = { log: (fields: object) => ({ ...all, ...serializer.fields(fields) }) }
      return wrap(log.child({}, { ...options, formatters }), all, serializer)
    },
  }
}

/** Milliseconds for which a line may wait for others. */
const maxWaitMs = 10
const warn = pino.levels.values['warn'] ?? 0

/**
 * Joins lines that follow each other closely into one write, because a write costs more than a line.
 * A line of level `warn` or above is written at once, and so is everything when the process exits.
 * Only a killed process loses lines: those below `warn` of its last 10 ms.
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
    // Makes pino set `lastLevel` before each write.
    [pino.symbols.needsMetadataGsym]: true,
    lastLevel: 0,
    write(line: string) {
      lines += line
      if (joined.lastLevel >= warn) flush()
      else timer ??= setTimeout(flush, maxWaitMs)
    },
  }
  return joined
}

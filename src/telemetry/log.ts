/** The log: one JSON line an event on standard output, readable lines on a terminal. */
import type { Logger } from 'pino'
import pino from 'pino'
import pretty from 'pino-pretty'

export type { Logger } from 'pino'

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * @param level the lowest level that is written
 * @param isTerminal whether a person reads it
 */
export function createLog(level: LogLevel, isTerminal: boolean): Logger {
  const options = { level, base: null, formatters: { level: (label: string) => ({ level: label }) } }
  return isTerminal
    ? pino(options, pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }))
    : pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime })
}

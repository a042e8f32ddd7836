/** The log as all folders see it. Imports nothing. */

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
/** The lowest level that is written; `silent` writes nothing. */
export type LogLevel = (typeof logLevels)[number]

interface LogMethod {
  /** @param fields of the log entry. Errors at any depth are written with their stacks and causes */
  (fields: object, message?: string): void
  /** @param values for placeholders like `%s` in the message */
  (message: string, ...values: readonly unknown[]): void
}

/** Writes one line for each call. It redacts secrets and contact data itself, and its methods do not throw. */
export interface Logger extends Readonly<Record<Exclude<LogLevel, 'silent'>, LogMethod>> {
  /** @returns whether a line of this level is written. Avoids the work of preparing one that is not */
  isLevelEnabled(level: LogLevel): boolean
  /**
   * @param bindings fields of each of its lines
   * @param options `level`: replaces the parent's level; `msgPrefix`: precedes each message
   */
  child(bindings: object, options?: { readonly level?: LogLevel; readonly msgPrefix?: string }): Logger
}

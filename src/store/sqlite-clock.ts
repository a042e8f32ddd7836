/**
 * The clock of a SQLite store. It runs only while a process has the file open, and no change of the wall
 * clock moves it. What a crash loses of it lets records live for longer, and look younger.
 */
import type { DatabaseSync } from 'node:sqlite'

/** How often the clock is written down, in milliseconds. */
export const writeClockEveryMs = 10_000

export interface SqliteClock {
  /** Milliseconds for which processes have had the file open. */
  now(): number
  /** Writes the clock down for the last time. */
  close(): void
}

/** @param database with the table `clock`, which has one row */
export function openSqliteClock(database: DatabaseSync): SqliteClock {
  const write = database.prepare('UPDATE clock SET elapsed_ms = ?')
  const startMs = Number(database.prepare('SELECT elapsed_ms FROM clock').get()?.['elapsed_ms'])
  const openedAt = performance.now()
  const now = (): number => startMs + Math.floor(performance.now() - openedAt)

  function save(): void {
    try {
      write.run(now())
    } catch {
      // A full disk: `ping` reports it. The clock that is written down is behind, which does no harm.
    }
  }
  const timer = setInterval(save, writeClockEveryMs).unref()

  return {
    now,
    close() {
      clearInterval(timer)
      save()
    },
  }
}

/**
 * The clock of a SQLite store. It runs only while a process has the file open, and no change of the wall
 * clock moves it. A crash sets it back by a few seconds: records then live longer and look younger.
 */
import type { DatabaseSync } from 'node:sqlite'

/** How often the clock is saved, in milliseconds. */
const writeClockEveryMs = 10_000

export interface SqliteClock {
  /** Milliseconds for which processes have had the file open. */
  now(): number
  /** Saves the clock for the last time. */
  close(): void
}

/** @param database has the table `clock` with one row */
export function openSqliteClock(database: DatabaseSync): SqliteClock {
  const write = database.prepare('UPDATE clock SET elapsed_ms = ?')
  const startMs = Number(database.prepare('SELECT elapsed_ms FROM clock').get()?.['elapsed_ms'])
  const openedAt = performance.now()
  const now = (): number => startMs + Math.floor(performance.now() - openedAt)

  function save(): void {
    try {
      write.run(now())
    } catch {
      // The disk is full, which `ping` reports. The saved clock is late, which does no harm.
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

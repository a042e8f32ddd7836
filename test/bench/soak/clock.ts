/**
 * The wall clock of a gateway, wrong from the start and set while it runs; its monotonic clock stays right.
 * By libfaketime, which stands between the process and the system, where it is installed; else by a module
 * that replaces `Date.now`, and nothing but that.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian, Fedora and Alpine install it. The variant for threads. */
const libraries = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib64/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
]

/**
 * The library, or undefined where it is not installed. `FAKETIME_LIBRARY` names it where it is elsewhere;
 * a name of nothing does without it.
 */
const faketime = [process.env['FAKETIME_LIBRARY'] ?? libraries].flat().find((path) => existsSync(path))

/** How clocks are set, to be shown. */
export const clockMeans =
  faketime === undefined
    ? 'a replaced Date.now, as libfaketime is not installed'
    : `libfaketime (${faketime})`

export interface SettableClock {
  /** What the process needs in its environment. */
  readonly variables: Readonly<Record<string, string>>
  /** What Node needs before the name of the script. */
  readonly nodeArguments: readonly string[]
  /** Seconds by which the process believes it to be later; below 0: earlier. */
  aheadSeconds(): number
  /** Sets the clock, of a process that runs as well: at once with libfaketime, else within 50 ms. */
  set(aheadSeconds: number): void
}

/**
 * @param folder where the file is that says how wrong the clock is
 * @param name of the file
 */
export function openClock(folder: string, name: string, aheadSeconds: number): SettableClock {
  const file = join(folder, `${name}.clock`)
  let now = aheadSeconds

  function set(seconds: number): void {
    now = seconds
    // Atomically: a reader must not find a part of it.
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    renameSync(`${file}.new`, file)
  }

  set(aheadSeconds)
  const shift = `
    import { readFileSync } from 'node:fs'
    const { now } = Date
    const read = () => Number(readFileSync(${JSON.stringify(file)}, 'utf8')) * 1000
    let aheadMs = read()
    setInterval(() => { aheadMs = read() }, 50).unref()
    Date.now = () => now() + aheadMs`
  return {
    variables:
      faketime === undefined
        ? {}
        : {
            LD_PRELOAD: faketime,
            FAKETIME_TIMESTAMP_FILE: file,
            // It reads the file whenever it is asked for the time, and leaves no shared memory of killed processes.
            FAKETIME_NO_CACHE: '1',
            FAKETIME_DISABLE_SHM: '1',
            DONT_FAKE_MONOTONIC: '1',
            NO_FAKE_STAT: '1',
          },
    nodeArguments:
      faketime === undefined ? ['--import', `data:text/javascript,${encodeURIComponent(shift)}`] : [],
    aheadSeconds: () => now,
    set,
  }
}

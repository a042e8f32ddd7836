/** What the benchmark takes of the machine: which cores work for what, and what a process has used. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, platform } from 'node:os'
import { delimiter } from 'node:path'
import { join } from 'node:path'

/** A file's text, or nothing on a system that has no such file. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

export function isOnPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)))
}

const cores = availableParallelism()
export const isPinned = platform() === 'linux' && cores > 1 && isOnPath('taskset')
/** The server under test has the last core for itself; the load and the upstream have the others. */
const serverCores = String(cores - 1)
const otherCores = cores > 2 ? `0-${cores - 2}` : '0'

/** The command line that starts a command on the cores of the servers, or on the others. */
export function pinned(where: 'server' | 'others', command: readonly string[]): [string, ...string[]] {
  const [first = '', ...rest] = command
  return isPinned
    ? ['taskset', '-c', where === 'server' ? serverCores : otherCores, ...command]
    : [first, ...rest]
}

/** Moves this process, with all its threads, off the core of the servers. */
export function pinSelf(): void {
  if (isPinned) execFileSync('taskset', ['-a', '-p', '-c', otherCores, String(process.pid)])
}

/** Linux counts in these for every process that reads them, whatever the kernel's own clock. */
const ticksPerSecond = 100

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/**
 * The CPU time of a process in microseconds; NaN if the system does not report it.
 * The scheduler's own count is exact; the other one is in hundredths of a second.
 */
export function cpuMicroseconds(pid: number): number {
  const scheduled = threadsOf(pid).map((thread) => read(`/proc/${pid}/task/${thread}/schedstat`))
  if (scheduled.length > 0 && scheduled.every((text) => text !== '')) {
    return scheduled.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1000, 0)
  }
  // Behind the name, which may hold anything: the state is the first field, and these the 12th and 13th.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1_000_000
}

/** The memory of a process in mebibytes; NaN if the system does not report it. */
export function residentMebibytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]) / 1024
}

export const load = (): number => loadavg()[0] ?? Number.NaN

export const describeMachine = (): string =>
  `${cores} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${platform()}, Node ${process.versions.node}`

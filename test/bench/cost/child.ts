/** Child processes that do not outlive this one, however it ends. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Child {
  readonly process: ChildProcess
  readonly pid: number
  /** Ends it, and waits until it has ended. */
  end(signal: NodeJS.Signals): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM')
})
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

export interface ChildOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Whether what it prints is read. */
  readonly isRead?: boolean
  /** Whether what it prints as an error is dropped. */
  readonly isSilent?: boolean
}

/** @throws where there is no such command */
export async function startChild(
  [command, ...args]: readonly [string, ...string[]],
  { isRead = false, isSilent = false, ...options }: ChildOptions = {},
): Promise<Child> {
  const child = spawn(command, args, {
    ...options,
    stdio: ['ignore', isRead ? 'pipe' : 'ignore', isSilent ? 'ignore' : 'inherit'],
  })
  const ended = once(child, 'exit')
  ended.catch(() => undefined)
  await once(child, 'spawn')
  running.add(child)
  void ended.then(() => running.delete(child))
  if (child.pid === undefined) throw new Error(`${command} has no process`)
  return {
    process: child,
    pid: child.pid,
    async end(signal) {
      child.kill(signal)
      await ended
    },
  }
}

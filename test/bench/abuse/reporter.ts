/** A child process that prints its results on SIGTERM. */
import { once } from 'node:events'
import { join } from 'node:path'
import { startChild } from '../cost/child.ts'
import { pinned } from '../cost/machine.ts'

export interface Reporter {
  /** Waits until it has printed a line. @throws where it ends before */
  printed(line: string): Promise<void>
  /** Ends it. @returns the last line that it printed */
  end(): Promise<string>
}

/** Milliseconds for it to say what it met. */
const patienceMs = 60_000

/** @param script a file of this folder, which reports on SIGTERM */
export async function startReporter(script: string, ...args: readonly string[]): Promise<Reporter> {
  const command = pinned('others', [process.execPath, join(import.meta.dirname, script), ...args])
  const child = await startChild(command, { isRead: true })
  const { stdout } = child.process
  if (stdout === null) throw new Error(`${script} has no output`)
  const lines = ['']
  const printing = Promise.withResolvers<void>()
  let awaited: string | undefined
  stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const [first = '', ...others] = chunk.split('\n')
    lines.push(`${lines.pop() ?? ''}${first}`, ...others)
    if (awaited !== undefined && lines.includes(awaited)) printing.resolve()
  })
  const ended = once(stdout, 'end')
  return {
    async printed(line) {
      awaited = line
      if (lines.includes(line)) return
      await Promise.race([printing.promise, ended])
      if (!lines.includes(line)) throw new Error(`${script} ended before it printed ${line}`)
    },
    async end() {
      const kill = setTimeout(() => void child.process.kill('SIGKILL'), patienceMs)
      await Promise.all([child.end('SIGTERM'), ended])
      clearTimeout(kill)
      const last = lines.findLast((line) => line !== '')
      if (last === undefined) throw new Error(`${script} ended without a report`)
      return last
    },
  }
}

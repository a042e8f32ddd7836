/** Asks a running process whether it makes code from text. */
import { expect } from 'vitest'
import type { ChildGateway } from './child-gateway.ts'

/**
 * For `node --import`: on SIGUSR2 the process tries every way in which text becomes code, and writes
 * on standard error what came of it. A worker, which gets no signal, does so when it starts.
 */
export const codeGenerationProbe = `data:text/javascript,${encodeURIComponent(`
  import cluster from 'node:cluster'
  const ways = {
    eval: (text) => (0, eval)(text),
    Function: (text) => new Function(text),
    AsyncFunction: (text) => new (async () => {}).constructor(text),
    GeneratorFunction: (text) => new (function* () {}).constructor(text),
    AsyncGeneratorFunction: (text) => new (async function* () {}).constructor(text),
  }
  function report() {
    const found = Object.entries(ways).map(([name, run]) => {
      try { run('1'); return name + ' works' } catch (error) { return name + ' throws ' + error.name }
    })
    process.stderr.write(JSON.stringify({ pid: process.pid, found }) + '\\n')
  }
  process.on('SIGUSR2', report)
  if (cluster.isWorker) report()
`)}`

const ways = ['eval', 'Function', 'AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction']

/**
 * @param gateway serves, and was started with the probe
 * @param processes how many report: it and its workers
 * @returns the ids of those that reported
 */
export async function expectNoCodeGeneration(gateway: ChildGateway, processes: number): Promise<number[]> {
  gateway.kill('SIGUSR2')
  const lines = (): string[] =>
    gateway
      .output()
      .stderr.split('\n')
      .filter((line) => line !== '')
  await expect.poll(() => lines().length).toBe(processes)
  const reports = lines().map((line) => JSON.parse(line))
  expect(reports.map(({ found }) => found)).toEqual(
    reports.map(() => ways.map((way) => `${way} throws EvalError`)),
  )
  return reports.map(({ pid }) => pid)
}

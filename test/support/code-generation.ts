/** Checks whether a running process can generate code from strings. */
import { expect } from 'vitest'
import type { ChildGateway } from './child-gateway.ts'

/**
 * For `node --import`: on SIGUSR2 the process tries every way to generate code from strings, and writes
 * the results to standard error. A worker, which gets no signal, does so when it starts.
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
 * @param gateway was started with the probe, and serves
 * @param processes the number of processes that report: the gateway and its workers
 * @returns the ids of the processes that reported
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

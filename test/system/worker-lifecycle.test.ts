/** The start, the restart, the configuration and the shutdown of two workers. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { listen } from '../../src/listen.ts'
import type { ChildGateway } from '../support/child-gateway.ts'
import { followGateway, startGateway } from '../support/child-gateway.ts'
import { openSandbox, postsOf, uuidsOf } from '../support/counting-sandbox.ts'
import { create, createUntilSuccess } from '../support/create-contact.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import {
  expectBothHaveAnswered,
  linesOf,
  nameOf,
  restartTimeout,
  resultsFor,
  startWorkers,
  startWorkersFor,
  times,
  workersOf,
  writersOf,
} from '../support/worker-gateway.ts'

const digestOf = (key: string): string => createHash('sha256').update(key).digest('hex')

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe.skipIf(!hasRedis)('two workers', { timeout: 300_000 }, () => {
  test('replay keys after a restart of the gateway', async () => {
    const sandbox = await openSandbox()
    const variables = { STORE_URL: (await startRedis()).url }
    const names = times(12, nameOf)
    const first = await startWorkersFor(sandbox.url, variables)
    const before = await Promise.all(names.map((name) => create(first, name, `key ${name}`)))
    first.kill('SIGTERM')
    expect(await first.ended).toEqual({ code: 0, signal: null })
    const second = await startWorkersFor(sandbox.url, variables)
    const after = await Promise.all(names.map((name) => create(second, name, `key ${name}`)))
    expect(before).toEqual(names.map((name) => resultsFor(sandbox, name, 1)[0]))
    expect(after).toEqual(before.map(({ uuid }) => ({ uuid, replayed: true })))
    expect(postsOf(sandbox)).toHaveLength(names.length)
  })

  test('replace a killed one and settle its creates, while the other answers its calls', async () => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url, { CALLBELL_TIMEOUT_MS: '8000' })
    const names = times(12, nameOf)
    sandbox.failNext(...names.map(() => ({ on: 'POST' as const, delayMs: 1500 })))
    const calls = Promise.allSettled(names.map((name) => create(gateway, name, `key ${name}`)))
    await expect.poll(() => postsOf(sandbox).length, { interval: 5 }).toBe(names.length)
    const [killed] = workersOf(gateway)
    process.kill(killed?.pid ?? 0, 'SIGKILL')
    const outcomes = await calls
    const answered = outcomes.flatMap((call, n) =>
      call.status === 'fulfilled' ? [{ name: nameOf(n), result: call.value }] : [],
    )
    // Each worker had some of the calls.
    expect(answered.length).toBeGreaterThan(0)
    expect(answered.length).toBeLessThan(names.length)
    expect(answered.map(({ result }) => result)).toEqual(
      answered.map(({ name }) => resultsFor(sandbox, name, 1)[0]),
    )

    const settled = await Promise.all(names.map((name) => createUntilSuccess(gateway, name, `key ${name}`)))
    expect(settled).toEqual(names.map((name) => ({ uuid: uuidsOf(sandbox, name)[0], replayed: true })))
    expect(names.map((name) => uuidsOf(sandbox, name).length)).toEqual(names.map(() => 1))
    await expect.poll(() => workersOf(gateway).map(({ worker }) => worker), restartTimeout).toContain(3)
    expect(linesOf(gateway, 'a worker has exited and is restarted')).toEqual([
      {
        level: 'error',
        time: expect.any(String),
        worker: killed?.worker,
        signal: 'SIGKILL',
        backoffMs: 100,
        msg: expect.any(String),
      },
    ])
  })

  test.each([
    ['the primary process gets SIGTERM', (gateway: ChildGateway) => gateway.kill('SIGTERM')],
    [
      'all processes get SIGINT, as from a terminal',
      (gateway: ChildGateway) => {
        for (const { pid } of workersOf(gateway)) process.kill(pid, 'SIGINT')
        gateway.kill('SIGINT')
      },
    ],
  ])('finish the requests in flight and exit when %s', async (_name, sendSignal) => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url)
    const names = times(12, nameOf)
    sandbox.failNext(...names.map(() => ({ on: 'POST' as const, delayMs: 1000 })))
    const calls = Promise.all(names.map((name) => create(gateway, name, `key ${name}`)))
    await expect.poll(() => postsOf(sandbox).length, { interval: 5 }).toBe(names.length)
    sendSignal(gateway)
    expect(await calls).toEqual(names.map((name) => resultsFor(sandbox, name, 1)[0]))
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    const workers = workersOf(gateway)
    expect(workers.map(({ pid }) => isRunning(pid))).toEqual([false, false])
    await expectBothHaveAnswered(gateway)
    expect(gateway.output().stderr).toBe('')
    expect(linesOf(gateway, 'a worker has exited and is restarted')).toEqual([])
  })

  test('are killed if they do not exit in time', async () => {
    const gateway = await startWorkers({ CALLBELL_TIMEOUT_MS: '1' })
    const [stopped] = workersOf(gateway)
    process.kill(stopped?.pid ?? 0, 'SIGSTOP')
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    expect(linesOf(gateway, 'a worker did not exit in time and is killed')).toMatchObject([
      { worker: stopped?.worker },
    ])
    expect(workersOf(gateway).map(({ pid }) => isRunning(pid))).toEqual([false, false])
  })

  test('exit when the primary process is killed', async () => {
    const gateway = await startWorkers()
    gateway.kill('SIGKILL')
    await gateway.ended
    await expect.poll(() => workersOf(gateway).map(({ pid }) => isRunning(pid))).toEqual([false, false])
  })

  test('apply changed API keys, also in a worker that starts later', async () => {
    const keys = join(mkdtempSync(join(tmpdir(), 'workers-')), 'keys')
    writeFileSync(keys, `web:${digestOf('old')}\n`)
    const gateway = startGateway({
      GATEWAY_WORKERS: '2',
      STORE_URL: (await startRedis()).url,
      GATEWAY_AUTH: 'api-key',
      GATEWAY_API_KEYS_FILE: keys,
    })
    const url = await gateway.url
    const statuses = async (key: string): Promise<number[]> => {
      const answers = times(10, async () => {
        const headers = { 'x-api-key': key, accept: 'application/json', connection: 'close' }
        return (await fetch(`${url}?query={__typename}`, { headers })).status
      })
      return [...new Set(await Promise.all(answers))]
    }
    expect(await statuses('old')).toEqual([200])
    // The rename is atomic: no worker reads a half-written file.
    writeFileSync(`${keys}.new`, `web:${digestOf('new')}\n`)
    renameSync(`${keys}.new`, keys)
    await expect.poll(() => writersOf(gateway, 'API keys reloaded, now 1')).toEqual([1, 2])
    process.kill(workersOf(gateway)[0]?.pid ?? 0, 'SIGKILL')
    await expect.poll(() => workersOf(gateway).length, restartTimeout).toBe(3)
    expect(await statuses('old')).toEqual([401])
    expect(await statuses('new')).toEqual([200])
  })

  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'an invalid configuration',
      { GATEWAY_WORKERS: '2', STORE_URL: 'redis://localhost', PORT: '-1', LOG_LEVEL: 'loud' },
      `The configuration has problems:
  - PORT must be a whole number from 0 to 65535, but is "-1"
  - LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent, but is "loud"
`,
    ],
    [
      'a store that workers cannot share',
      { GATEWAY_WORKERS: '2', STORE_URL: 'sqlite:keys.db' },
      `The configuration has problems:
  - GATEWAY_WORKERS is 2, but STORE_URL does not name a Redis: workers share idempotency keys and rate limits through Redis only. Set STORE_URL to redis://<host>, or GATEWAY_WORKERS to 1
`,
    ],
    [
      'an invalid Redis URL',
      { GATEWAY_WORKERS: '2', STORE_URL: 'redis://localhost:port' },
      'STORE_URL: the store cannot be opened: Invalid URL\n',
    ],
  ])('report %s once, and exit', async (_name, variables, stderr) => {
    const gateway = startGateway(variables)
    expect(await gateway.ended).toEqual({ code: 1, signal: null })
    expect(gateway.output()).toEqual({ stdout: '', stderr })
  })

  test('report a port in use once, and exit', async () => {
    const taken = createServer()
    onTestFinished(() => void taken.close())
    const { port } = await listen(taken, 0, '127.0.0.1')
    const gateway = startGateway({
      GATEWAY_WORKERS: '2',
      STORE_URL: (await startRedis()).url,
      PORT: String(port),
    })
    expect(await gateway.ended).toEqual({ code: 1, signal: null })
    expect(gateway.output()).toEqual({
      stdout: '',
      stderr: `Port ${port} on 127.0.0.1 is already in use. Set PORT to another one.\n`,
    })
  })
})

/** Runs the command of the package. */
async function startCommand(...args: readonly string[]): Promise<ChildGateway> {
  const command = join(inject('main'), '../cli.js')
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
  const env = { PATH: process.env['PATH'], PORT: '0', STORE_URL: (await startRedis()).url }
  const child = spawn(process.execPath, [command, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return followGateway(child, folder)
}

test(
  'a gateway that a process manager runs as a cluster worker serves requests, and exits on SIGTERM',
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
    const manager = join(folder, 'manager.cjs')
    writeFileSync(
      manager,
      `const cluster = require('node:cluster')
      cluster.setupPrimary({ exec: ${JSON.stringify(inject('main'))} })
      const worker = cluster.fork().process
      // The worker replaces itself by a Node process with another flag, which closes the channel between them.
      process.on('SIGTERM', () => worker.kill('SIGTERM'))
      worker.on('exit', (code) => process.exit(code))`,
    )
    const child = spawn(process.execPath, [manager], {
      cwd: folder,
      env: { PATH: process.env['PATH'], PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const gateway = followGateway(child, folder)
    expect(await create(gateway, 'Managed')).toEqual({ uuid: expect.any(String), replayed: false })
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
  },
)

describe.skipIf(!hasRedis)('the command', { timeout: 300_000 }, () => {
  test.each([
    [['--workers', '3'], 3],
    [['--workers=2'], 2],
    [['--workers'], availableParallelism()],
  ])('%j starts %i workers', async (args, count) => {
    const gateway = await startCommand(...args)
    await gateway.url
    // A single worker is the process itself.
    expect(workersOf(gateway)).toHaveLength(count === 1 ? 0 : count)
  })

  test('refuses an invalid number of workers', async () => {
    const gateway = await startCommand('--workers', 'many')
    expect(await gateway.ended).toEqual({ code: 1, signal: null })
    expect(gateway.output()).toEqual({
      stdout: '',
      stderr: `The configuration has problems:
  - GATEWAY_WORKERS must be a whole number from 1 to 128, or auto, but is "many"
`,
    })
  })
})

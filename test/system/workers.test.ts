/** Several workers on one port, as real processes: they behave as one gateway. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { listen } from '../../src/listen.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import type { ChildGateway } from '../support/child-gateway.ts'
import { followGateway, startGateway } from '../support/child-gateway.ts'
import { byName, openLimitedSandbox, openSandbox, postsOf, uuidsOf } from '../support/counting-sandbox.ts'
import type { CreateResult } from '../support/create-contact.ts'
import { create } from '../support/create-contact.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'

/** Two workers, with a Redis of their own where `variables` name none. Resolves when both can use it. */
async function startWorkers(variables: Readonly<Record<string, string>> = {}): Promise<ChildGateway> {
  const { STORE_URL = (await startRedis()).url } = variables
  const gateway = startGateway({ GATEWAY_WORKERS: '2', ...variables, STORE_URL })
  await gateway.url
  // A Redis connection takes a moment, in which every key is refused.
  await expect.poll(() => readMetric(gateway, 'callbell_graphql_store_available')).toBe(1)
  return gateway
}

/** Two workers in front of this Callbell. */
function startWorkersFor(
  url: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<ChildGateway> {
  return startWorkers({
    CALLBELL_API_TOKEN: 't',
    CALLBELL_API_URL: url,
    GATEWAY_CALLER_RPS: '0',
    ...variables,
  })
}

/** Until a worker serves that was started in the place of another: on a busy machine it takes its time. */
const replaced = { timeout: 300_000 }

type Line = Readonly<Record<string, unknown>>

function linesOf(gateway: ChildGateway, message: string): Line[] {
  const { stdout } = gateway.output()
  // The last may not be whole yet.
  const lines = stdout.slice(0, stdout.lastIndexOf('\n') + 1).match(/.+/g) ?? []
  return lines.map((line): Line => JSON.parse(line)).filter(({ msg }) => msg === message)
}

/** The workers that have begun to serve, in that order. */
function workersOf(gateway: ChildGateway): { readonly worker: number; readonly pid: number }[] {
  return linesOf(gateway, 'a worker is listening').map(({ worker, pid }) => ({
    worker: Number(worker),
    pid: Number(pid),
  }))
}

/** The workers that have written such a line. */
function writersOf(gateway: ChildGateway, message: string): number[] {
  const workers = linesOf(gateway, message).map(({ worker }) => Number(worker))
  return [...new Set(workers)].toSorted((a, b) => a - b)
}

/** The line is written when the answer may be here already. */
async function expectBothHaveAnswered(gateway: ChildGateway): Promise<void> {
  await expect.poll(() => writersOf(gateway, 'a request was answered')).toEqual([1, 2])
}

/** On a busy machine one worker may have taken all connections so far: new ones reach the other. */
async function askUntilBothHaveAnswered(gateway: ChildGateway): Promise<void> {
  const url = await gateway.url
  const headers = { 'content-type': 'application/json', connection: 'close' }
  await expect
    .poll(async () => {
      await fetch(url, { method: 'POST', headers, body: '{"query":"{ __typename }"}' })
      return writersOf(gateway, 'a request was answered')
    })
    .toEqual([1, 2])
}

const digestOf = (key: string): string => createHash('sha256').update(key).digest('hex')

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A sample of `/metrics`: the rest of its line. */
async function readMetric(gateway: ChildGateway, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', await gateway.url))).text()
  const line = text.split('\n').find((sample) => sample.startsWith(`${name} `))
  return Number(line?.slice(name.length))
}

const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))
const nameOf = (n: number): string => `Contact ${n}`

/** What all who send one key are told of one contact: it was made for one of them. */
const made = (sandbox: Sandbox, name: string, senders: number): CreateResult[] =>
  times(senders, (n) => ({ uuid: uuidsOf(sandbox, name)[0] ?? 'none', replayed: n > 0 }))

const byReplayed = (told: readonly CreateResult[]): CreateResult[] =>
  told.toSorted((a, b) => Number(a.replayed) - Number(b.replayed))

describe.skipIf(!hasRedis)('two workers', { timeout: 300_000 }, () => {
  test('make one contact of a key that all get at once, and tell the same', async () => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url)
    const names = times(20, nameOf)
    const told = await Promise.all(
      names.map((name) => Promise.all(times(6, () => create(gateway, name, `key ${name}`)))),
    )
    expect(told.map(byReplayed)).toEqual(names.map((name) => made(sandbox, name, 6)))
    expect(postsOf(sandbox)).toHaveLength(names.length)
    await askUntilBothHaveAnswered(gateway)
  })

  test('keep to one pace: none of many creates meets a 429, and all are made', async () => {
    const limit = 40
    const upstream = await openLimitedSandbox(limit)
    const gateway = await startWorkersFor(upstream.url, { CALLBELL_MAX_RPS: String(limit) })
    // From their start on they keep to a share of their own as well, for three seconds.
    await expect.poll(() => readMetric(gateway, 'callbell_graphql_pace_limit')).toBe(limit)
    const names = times(150, nameOf)
    const told = await Promise.all(names.map((name) => create(gateway, name)))
    const { contacts, rejections } = await upstream.report()
    expect(rejections).toBe(0)
    expect(byName(contacts)).toEqual(byName(told.map(({ uuid }, n) => ({ name: names[n], uuid }))))
    await askUntilBothHaveAnswered(gateway)
  })

  test('give a caller one share, and not one of each', async () => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url, { GATEWAY_CALLER_RPS: '5' })
    const startedAt = performance.now()
    const told = await Promise.all(times(40, (n) => create(gateway, nameOf(n))))
    const tookSeconds = (performance.now() - startedAt) / 1000
    const refused = told.filter(({ code }) => code !== undefined)
    const limited = { code: 'RATE_LIMITED', outcome: 'NOT_APPLIED', retryable: true }
    expect(refused).toEqual(refused.map(() => ({ ...limited, retryAfterMs: expect.any(Number) })))
    const created = told.length - refused.length
    // Ten at once, and five for each second that it took to ask.
    expect(created).toBeGreaterThanOrEqual(10)
    expect(created).toBeLessThanOrEqual(10 + 5 * tookSeconds)
    expect(postsOf(sandbox)).toHaveLength(created)
    await askUntilBothHaveAnswered(gateway)
  })

  test('edit the tags of one contact one after the other', async () => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url)
    const { uuid } = await create(gateway, 'Tagged')
    const query = `mutation ($uuid: ID!, $tags: [String!]) {
      updateContact(input: { uuid: $uuid, addTags: $tags }) { contact { uuid } userErrors { code message } }
    }`
    const tags = ['Called back', 'Interested', 'Newsletter', 'VIP']
    const edited = await Promise.all(
      tags.map(async (tag) => {
        const response = await fetch(await gateway.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables: { uuid, tags: [tag] } }),
        })
        return response.json()
      }),
    )
    expect(edited).toEqual(
      tags.map(() => ({ data: { updateContact: { contact: { uuid }, userErrors: [] } } })),
    )
    const contact = sandbox.contacts.all().find((one) => one.uuid === uuid)
    expect(contact?.tags.toSorted()).toEqual(tags)
    await askUntilBothHaveAnswered(gateway)
  })

  test('share the one sandbox, under `node --watch` too, whose messages come by the same channel', async () => {
    const gateway = await startWorkers({ WATCH_REPORT_DEPENDENCIES: '1' })
    const names = times(20, nameOf)
    const told = await Promise.all(names.map((name) => create(gateway, name)))
    const found = await Promise.all(
      told.map(async ({ uuid }) => {
        const query = `{ contact(uuid: "${uuid}") { name } }`
        const response = await fetch(`${await gateway.url}?${String(new URLSearchParams({ query }))}`, {
          headers: { accept: 'application/json' },
        })
        return response.json()
      }),
    )
    expect(found).toEqual(names.map((name) => ({ data: { contact: { name } } })))
    await askUntilBothHaveAnswered(gateway)
  })

  test('remember keys across a restart of the whole', async () => {
    const sandbox = await openSandbox()
    const variables = { STORE_URL: (await startRedis()).url }
    const names = times(12, nameOf)
    const first = await startWorkersFor(sandbox.url, variables)
    const before = await Promise.all(names.map((name) => create(first, name, `key ${name}`)))
    first.kill('SIGTERM')
    expect(await first.ended).toEqual({ code: 0, signal: null })
    const second = await startWorkersFor(sandbox.url, variables)
    const after = await Promise.all(names.map((name) => create(second, name, `key ${name}`)))
    expect(before).toEqual(names.map((name) => made(sandbox, name, 1)[0]))
    expect(after).toEqual(before.map(({ uuid }) => ({ uuid, replayed: true })))
    expect(postsOf(sandbox)).toHaveLength(names.length)
  })

  test('outlive a killed one: it is replaced, the other’s callers notice nothing, and what it had begun is settled', async () => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url, { CALLBELL_TIMEOUT_MS: '8000' })
    const names = times(12, nameOf)
    sandbox.failNext(...names.map(() => ({ on: 'POST' as const, delayMs: 1500 })))
    const asking = Promise.allSettled(names.map((name) => create(gateway, name, `key ${name}`)))
    await expect.poll(() => postsOf(sandbox).length, { interval: 5 }).toBe(names.length)
    const [killed] = workersOf(gateway)
    process.kill(killed?.pid ?? 0, 'SIGKILL')
    const asked = await asking
    const answered = asked.flatMap((call, n) =>
      call.status === 'fulfilled' ? [{ name: nameOf(n), told: call.value }] : [],
    )
    // Both had some.
    expect(answered.length).toBeGreaterThan(0)
    expect(answered.length).toBeLessThan(names.length)
    expect(answered.map(({ told }) => told)).toEqual(answered.map(({ name }) => made(sandbox, name, 1)[0]))

    const settled = await Promise.all(
      names.map(async (name) => {
        const told: CreateResult[] = []
        await expect
          .poll(async () => told.push(await create(gateway, name, `key ${name}`)) > 0 && told.at(-1)?.uuid, {
            timeout: 60_000,
          })
          .toBeTypeOf('string')
        return told.at(-1)
      }),
    )
    expect(settled).toEqual(names.map((name) => ({ uuid: uuidsOf(sandbox, name)[0], replayed: true })))
    expect(names.map((name) => uuidsOf(sandbox, name).length)).toEqual(names.map(() => 1))
    await expect.poll(() => workersOf(gateway).map(({ worker }) => worker), replaced).toContain(3)
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
    ['the first process', (gateway: ChildGateway) => gateway.kill('SIGTERM')],
    [
      'all processes, as a terminal does',
      (gateway: ChildGateway) => {
        for (const { pid } of workersOf(gateway)) process.kill(pid, 'SIGINT')
        gateway.kill('SIGINT')
      },
    ],
  ])('finish what they have started when the end is told to %s', async (_name, tellEnd) => {
    const sandbox = await openSandbox()
    const gateway = await startWorkersFor(sandbox.url)
    const names = times(12, nameOf)
    sandbox.failNext(...names.map(() => ({ on: 'POST' as const, delayMs: 1000 })))
    const asking = Promise.all(names.map((name) => create(gateway, name, `key ${name}`)))
    await expect.poll(() => postsOf(sandbox).length, { interval: 5 }).toBe(names.length)
    tellEnd(gateway)
    expect(await asking).toEqual(names.map((name) => made(sandbox, name, 1)[0]))
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    const workers = workersOf(gateway)
    expect(workers.map(({ pid }) => isRunning(pid))).toEqual([false, false])
    await expectBothHaveAnswered(gateway)
    expect(gateway.output().stderr).toBe('')
    expect(linesOf(gateway, 'a worker has exited and is restarted')).toEqual([])
  })

  test('are killed where they do not end', async () => {
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

  test('do not outlive a first process that is killed', async () => {
    const gateway = await startWorkers()
    gateway.kill('SIGKILL')
    await gateway.ended
    await expect.poll(() => workersOf(gateway).map(({ pid }) => isRunning(pid))).toEqual([false, false])
  })

  test('tell one sum of metrics, which does not go down when one of them is replaced', async () => {
    const gateway = await startWorkers()
    const url = await gateway.url
    const count = (): Promise<number> =>
      readMetric(gateway, 'callbell_graphql_requests_total{operation="(anonymous)",type="query",code="OK"}')
    const ask = (): Promise<Response[]> =>
      Promise.all(
        times(10, () =>
          fetch(`${url}?query={__typename}`, {
            headers: { accept: 'application/json', connection: 'close' },
          }),
        ),
      )
    await ask()
    await expectBothHaveAnswered(gateway)
    // Whichever is asked.
    expect(await Promise.all(times(6, count))).toEqual(times(6, () => 10))
    for (const [killed, backoffMs] of [100, 200].entries()) {
      process.kill(workersOf(gateway)[killed * 2]?.pid ?? 0, 'SIGKILL')
      await expect.poll(() => workersOf(gateway).length, replaced).toBe(3 + killed)
      expect(linesOf(gateway, 'a worker has exited and is restarted').at(-1)).toMatchObject({ backoffMs })
      expect(await count()).toBe(10 * (killed + 1))
      await ask()
      expect(await Promise.all(times(6, count))).toEqual(times(6, () => 10 * (killed + 2)))
    }
    const states = ['closed', 'half_open', 'open'].map((state) =>
      readMetric(gateway, `callbell_graphql_breaker_state{state="${state}"}`),
    )
    expect(await Promise.all(states)).toEqual([2, 0, 0])
    // The one that was started last has joined the others.
    await expect.poll(() => readMetric(gateway, 'callbell_graphql_pace_alone')).toBe(0)
    const others = ['store_available', 'pace_alone', 'retry_budget_tokens', 'queue_length']
    expect(await Promise.all(others.map((name) => readMetric(gateway, `callbell_graphql_${name}`)))).toEqual([
      1, 0, 100, 0,
    ])
  })

  test('take over keys that change, and so does one that is started later', async () => {
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
    // At once: a file that is half written could be read.
    writeFileSync(`${keys}.new`, `web:${digestOf('new')}\n`)
    renameSync(`${keys}.new`, keys)
    await expect.poll(() => writersOf(gateway, 'API keys reloaded, now 1')).toEqual([1, 2])
    process.kill(workersOf(gateway)[0]?.pid ?? 0, 'SIGKILL')
    await expect.poll(() => workersOf(gateway).length, replaced).toBe(3)
    expect(await statuses('old')).toEqual([401])
    expect(await statuses('new')).toEqual([200])
  })

  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'a configuration that can’t be',
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
      'a Redis that can’t be named so',
      { GATEWAY_WORKERS: '2', STORE_URL: 'redis://localhost:port' },
      'STORE_URL: the store cannot be opened: Invalid URL\n',
    ],
  ])('tell once of %s, and end', async (_name, variables, stderr) => {
    const gateway = startGateway(variables)
    expect(await gateway.ended).toEqual({ code: 1, signal: null })
    expect(gateway.output()).toEqual({ stdout: '', stderr })
  })

  test('tell once of a port that is taken, and end', async () => {
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
  'a gateway that a process manager runs as a worker of its own cluster serves by itself',
  { timeout: 300_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
    const manager = join(folder, 'manager.cjs')
    writeFileSync(
      manager,
      `const cluster = require('node:cluster')
      cluster.setupPrimary({ exec: ${JSON.stringify(inject('main'))} })
      const worker = cluster.fork().process
      // The channel between them does not survive that the worker replaces itself by a Node with the flag.
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
  ])('%j starts so many', async (args, count) => {
    const gateway = await startCommand(...args)
    await gateway.url
    // One is the process itself.
    expect(workersOf(gateway)).toHaveLength(count === 1 ? 0 : count)
  })

  test('refuses a number that can’t be', async () => {
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

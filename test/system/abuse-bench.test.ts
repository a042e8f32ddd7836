/** The report of `npm run bench:abuse`, and the bounds of its attacks. */
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { maxBodyBytes } from '../../src/http/request-body.ts'
import { listen } from '../../src/listen.ts'
import { createAnswerReader } from '../bench/abuse/answers.ts'
import type { Attacker } from '../bench/abuse/attack.ts'
import { createAttacker } from '../bench/abuse/attacker.ts'
import { attacks } from '../bench/abuse/attacks.ts'
import type { Measured } from '../bench/abuse/measure.ts'
import { readOptions } from '../bench/abuse/options.ts'
import { marks, renderReport } from '../bench/abuse/report.ts'
import type { Sample } from '../bench/abuse/samples.ts'
import { experienceOf, noAnswer, parseSamples } from '../bench/abuse/samples.ts'
import { replaceReport } from '../bench/cost/page.ts'

const stream = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 400 Bad Request\r\n\r\n{"errors":[{"code":"BAD_USER_INPUT"},{"code":"NO_OTHER"}]}',
  'HTTP/1.0 200 OK\r\n\r\n{"data":{}}',
  'HTTP/1.1 401 Unauthorized\r\n\r\n{"code":"UNAUTHENTICATED"}',
].join('')

test.each([1, 2, 7, 64, 65, stream.length])(
  'responses in pieces of %i bytes are counted by status and code',
  (size) => {
    const counted: string[] = []
    const reader = createAnswerReader((answer) => counted.push(answer))
    let begun = 0
    for (let at = 0; at < stream.length; at += size)
      begun += reader.read(Buffer.from(stream.slice(at, at + size)))
    expect(counted).toEqual(['400 BAD_USER_INPUT', '200'])
    reader.end()
    reader.end()
    expect({ begun, counted }).toEqual({
      begun: 3,
      counted: ['400 BAD_USER_INPUT', '200', '401 UNAUTHENTICATED'],
    })
  },
)

test('the honest caller’s latencies include correct responses and missing ones', () => {
  const samples: readonly Sample[] = [
    { dueAt: 0, lateMs: 9, latencyMs: 1000 },
    { dueAt: 10, lateMs: 1, latencyMs: 4 },
    { dueAt: 11, lateMs: 2, latencyMs: 1, wrong: 'ECONNREFUSED' },
    { dueAt: 12, lateMs: 3, latencyMs: 900, wrong: noAnswer },
    { dueAt: 13, lateMs: 0, latencyMs: NaN, wrong: 'not sent' },
    { dueAt: 20, lateMs: 9, latencyMs: 1000 },
  ]
  const printed = parseSamples(JSON.stringify(samples))
  expect(printed).toEqual(samples)
  expect(experienceOf(printed, 10, 20)).toEqual({
    requests: 4,
    p50: 4,
    p99: 900,
    wrong: { ECONNREFUSED: 1, [noAnswer]: 1, 'not sent': 1 },
    late: 3,
  })
  expect(experienceOf(printed, 30, 40)).toEqual({ requests: 0, p50: NaN, p99: NaN, wrong: {}, late: NaN })
  expect(() => parseSamples('[{"dueAt":1}]')).toThrow('lateMs')
})

const calm = { requests: 50, p50: 2.345, p99: 12.34, wrong: {}, late: 1 }
const survived: Measured = {
  name: 'one',
  what: 'something',
  before: calm,
  during: { requests: 100, p50: 34.56, p99: 1234.5, wrong: { '503 OVERLOADED': 2, [noAnswer]: 1 }, late: 2 },
  after: calm,
  peak: 345.6,
  cpu: 0.987,
  attackerCpu: 0.5,
  readiness: 200,
  ending: undefined,
  answers: { '200': 1, '400 A': 12_345, '401': 3, closed: 2, '408': 5 },
}
const ended: Measured = {
  ...survived,
  name: 'two',
  before: { ...calm, wrong: { '500': 1 } },
  during: { requests: 0, p50: NaN, p99: NaN, wrong: {}, late: 30 },
  after: { ...calm, requests: 2, wrong: { ECONNREFUSED: 2 } },
  peak: NaN,
  attackerCpu: 0.95,
  ending: 'exit 134',
  answers: {},
}

test('the report has a row for each attack, and notes what limits its meaning', () => {
  const hanging: Measured = { ...ended, name: 'three', ending: undefined }
  const unready: Measured = { ...survived, name: 'four', readiness: 503 }
  const mute: Measured = { ...survived, name: 'five', readiness: undefined }
  expect(renderReport(['A note.'], [survived, ended, hanging, unready, mute])).toBe(
    [
      'A note.',
      [
        '| attack | honest caller’s p50 | p99 | wrong or no answers | peak memory | CPU | survives | the attacker is answered |',
        '| --- | --: | --: | --: | --: | --: | --: | --: |',
        '| **one**: something | 2.35 → 34.6 ms | 12.3 → 1235 ms | 3 of 100: 503 OVERLOADED × 2, no answer × 1 | 346 MiB | 0.99 | yes | 400 A × 12,345, 408 × 5, 401 × 3, closed × 2, 1 others |',
        '| **two**: something | 2.35 → – ms | 12.3 → – ms | 0 of 0 | ? MiB | 0.99 | **no: exit 134** | none |',
        '| **three**: something | 2.35 → – ms | 12.3 → – ms | 0 of 0 | ? MiB | 0.99 | **hangs** | none |',
        '| **four**: something | 2.35 → 34.6 ms | 12.3 → 1235 ms | 3 of 100: 503 OVERLOADED × 2, no answer × 1 | 346 MiB | 0.99 | yes, `/readyz` says 503 | 400 A × 12,345, 408 × 5, 401 × 3, closed × 2, 1 others |',
        '| **five**: something | 2.35 → 34.6 ms | 12.3 → 1235 ms | 3 of 100: 503 OVERLOADED × 2, no answer × 1 | 346 MiB | 0.99 | yes, `/readyz` says nothing | 400 A × 12,345, 408 × 5, 401 × 3, closed × 2, 1 others |',
      ].join('\n'),
      'The attacker’s own core was busy in: two, three. More of it would do more.',
      'The honest caller itself was more than 20 ms late in: two, three.',
      'Answers were wrong even before the attack in: two, three.',
    ].join('\n\n'),
  )
})

test('the report is written between its own marks', () => {
  const readme = `a\n${marks.begin}\nold\n${marks.end}\nb`
  expect(replaceReport(readme, 'new', marks)).toBe(`a\n${marks.begin}\n\nnew\n\n${marks.end}\nb`)
  expect(() => replaceReport('<!-- bench:begin --><!-- bench:end -->', 'new', marks)).toThrow(marks.begin)
})

const read = (...args: string[]) => readOptions(args, ['one', 'two', 'three'], 'docs/abuse.md')

test('options are read, and invalid ones are refused', () => {
  const usual = {
    seconds: 3,
    only: ['one', 'two', 'three'],
    list: false,
    write: false,
    file: 'docs/abuse.md',
  }
  expect(read()).toEqual(usual)
  expect(read('--only', 'three,one', '--seconds', '60', '--write', '--file', 'a.md', '--list')).toEqual({
    seconds: 60,
    only: ['one', 'three'],
    list: true,
    write: true,
    file: 'a.md',
  })
  expect(() => read('--only', 'four')).toThrow('--only has "four", which is not an attack.')
  expect(() => read('--only', ',')).toThrow('--only must name at least one attack')
  for (const seconds of ['0', '61', '1.5', 'x'])
    expect(() => read('--seconds', seconds)).toThrow(
      `--seconds must be a whole number from 1 to 60, but is "${seconds}"`,
    )
  expect(() => read('--nothing')).toThrow("Unknown option '--nothing'")
})

test('attacks have unique names', () => {
  const names = attacks.map(({ name }) => name)
  expect(names.filter((name) => !/^[a-z\d.-]+$/.test(name))).toEqual([])
  expect(new Set(names).size).toBe(names.length)
})

/** The first two requests of an attack that floods. */
async function requestsOf(run: (attacker: Attacker) => Promise<void>): Promise<readonly Buffer[]> {
  const requests: Buffer[] = []
  const signal = new AbortController().signal
  const { attacker } = createAttacker({ url: new URL('http://127.0.0.1:1/graphql'), key: 'key', signal })
  await run({
    ...attacker,
    hold: () => Promise.resolve(),
    async flood(make) {
      requests.push(make(), make())
    },
  })
  return requests
}

test('the bodies of attacks are within the limit, with a correct content-length', async () => {
  // This attack first requests the name of a file.
  const pure = attacks.filter(({ name }) => name !== 'unread-assets')
  const requests = (await Promise.all(pure.map(({ run }) => requestsOf(run)))).flat()
  const lengths = requests.flatMap((bytes) => {
    const [head, body] = bytes.toString('latin1').split('\r\n\r\n')
    const length = /content-length: (\d+)/.exec(head ?? '')?.[1]
    return length === undefined ? [] : [{ declared: Number(length), sent: body?.length }]
  })
  expect(lengths.length).toBeGreaterThan(50)
  expect(lengths.filter(({ declared, sent }) => declared !== sent || declared > maxBodyBytes)).toEqual([])
})

test('an attacker only accepts a loopback address', () => {
  const { signal } = new AbortController()
  expect(() => createAttacker({ url: new URL('http://192.0.2.1/'), key: 'key', signal })).toThrow(
    'attacks go to 127.0.0.1 only, not to 192.0.2.1',
  )
})

test('an attacker keeps its connections busy, reopens closed ones, and ends when it is aborted', async () => {
  let requests = 0
  const enough = Promise.withResolvers<void>()
  const server = createServer((_request, response) => {
    requests += 1
    if (requests === 20) enough.resolve()
    // Every fifth response closes its connection.
    response
      .writeHead(requests % 5 === 0 ? 503 : 200, requests % 5 === 0 ? { connection: 'close' } : {})
      .end()
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(() => void server.close())
  const abort = new AbortController()
  const url = new URL(`http://127.0.0.1:${port}/graphql`)
  const { attacker, report } = createAttacker({ url, key: 'key', signal: abort.signal })
  const request = attacker.graphql('{__typename}', { a: 1 })
  expect(request.toString()).toBe(
    `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\nx-api-key: key\r\ncontent-length: 44\r\n\r\n{"query":"{__typename}","variables":{"a":1}}`,
  )
  const attacking = attacker.flood(() => request, { connections: 2 })
  await enough.promise
  abort.abort()
  await attacking
  const { counts, sentBytes } = report()
  expect(Object.keys(counts).toSorted()).toEqual(['200', '503', 'closed'])
  expect(sentBytes % request.length).toBe(0)
  expect(
    await new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
  ).toBeLessThan(3)
})

import { PassThrough } from 'node:stream'
import pino from 'pino'
import { expect, test, vi } from 'vitest'
import type { Logger } from '../../../src/domain/logger.ts'
import { createLog, joinLines } from '../../../src/telemetry/log.ts'

const secrets = ['sentinel-b2f1c0de']
const [secret] = secrets

/** @returns the lines that one use of the log writes, parsed, without the time */
function written(use: (log: Logger) => void): object[] {
  const lines: object[] = []
  const write = (line: string): void => {
    const { time: _, ...rest } = JSON.parse(line)
    lines.push(rest)
  }
  use(createLog({ level: 'trace', secrets, destination: { write } }))
  return lines
}

const circular: Record<string, unknown> = { here: true }
circular['again'] = { circular }
const failing = {
  get now() {
    throw new Error('not now')
  },
  later: 1,
}
let nested: unknown = 'bottom'
for (let depth = 0; depth < 100; depth++) nested = { nested }
const sent = Object.assign(new Error('bad answer'), {
  code: 'HPE_INVALID',
  data: 'Giulia',
  name: 'HTTPParserError',
})

test.each<[string, (log: Logger) => void, object]>([
  [
    'a message',
    (log) => log.info(`to ada@example.com, ${secret}`),
    { level: 'info', msg: 'to [redacted], [redacted]' },
  ],
  [
    'fields',
    (log) => log.warn({ note: 'x', status: 500 }, 'm'),
    { level: 'warn', note: '[redacted]', status: 500, msg: 'm' },
  ],
  [
    'an interpolated message',
    (log) => log.info('to %s', 'ada@example.com'),
    { level: 'info', msg: 'to [redacted]' },
  ],
  [
    'a child’s fields and its children’s',
    (log) =>
      log
        .child({ token: 'x' })
        .child({ by: 'ada@example.com' }, { msgPrefix: `${secret}: ` })
        .info('m'),
    { level: 'info', token: '[redacted]', by: '[redacted]', msg: '[redacted]: m' },
  ],
  [
    'a child’s field that a line leaves undefined',
    (log) => log.child({ worker: 1, status: 1 }).info({ worker: undefined, status: 2 }, 'm'),
    { level: 'info', worker: 1, status: 2, msg: 'm' },
  ],
  [
    'keys that JSON must escape',
    (log) => log.child({ 'a"b': 1 }).info({ 'c"\\\n': 2 }),
    { level: 'info', 'a"b': 1, 'c"\\ ': 2 },
  ],
  [
    'a message that is not a string',
    (log) => log.info({ err: { message: Symbol(secret) } }),
    { level: 'info', err: {}, msg: '[unreadable]' },
  ],
  [
    'a message that holds contact data',
    (log) => log.info({ err: { message: { note: 'x' } } }),
    { level: 'info', err: { message: { note: '[redacted]' } }, msg: { note: '[redacted]' } },
  ],
  [
    'a secret that only the whole message shows',
    (log) => log.child({}, { msgPrefix: 'to sentinel-' }).info('%s, %s', 'b2f1c0de', 'm'),
    { level: 'info', msg: 'to [redacted], m' },
  ],
  [
    'a circle',
    (log) => log.info({ circular }),
    { level: 'info', circular: { here: true, again: { circular: '[circular]' } } },
  ],
  [
    'a getter that throws',
    (log) => log.info({ failing }),
    { level: 'info', failing: { now: '[unreadable]', later: 1 } },
  ],
  [
    'a depth',
    (log) => log.info({ nested }),
    {
      level: 'info',
      nested: { nested: { nested: { nested: { nested: { nested: { nested: { nested: '[cut]' } } } } } } },
    },
  ],
  [
    'values of many kinds',
    (log) =>
      log.info({ a: 1n, b: new Date(0), c: Buffer.from('Giulia'), d: () => 1, e: new URL('http://u:p@h/') }),
    { level: 'info', a: '1', b: '1970-01-01T00:00:00.000Z', c: '[6 bytes]', e: 'http://[redacted]@h/' },
  ],
  [
    'nothing but an error',
    (log) => log.error(new RangeError('of ada@example.com')),
    {
      level: 'error',
      err: {
        type: 'RangeError',
        message: 'of [redacted]',
        stack: expect.stringMatching(/^ {4}at .*log\.test\.ts/),
      },
      msg: 'of [redacted]',
    },
  ],
  [
    'an error under any key, with what caused it and without what it holds',
    (log) => log.error({ why: new Error('+39 333 1234567\n    at Giulia', { cause: sent }) }, 'm'),
    {
      level: 'error',
      why: {
        type: 'Error',
        message: '[redacted]     at Giulia',
        stack: expect.stringMatching(/^ {4}at (?!.*(?:Giulia|333))/s),
        cause: {
          type: 'HTTPParserError',
          message: 'bad answer',
          stack: expect.stringMatching(/^ {4}at /),
          code: 'HPE_INVALID',
        },
      },
      msg: 'm',
    },
  ],
  [
    'an object that cannot be read at all',
    (log) => log.info(new Proxy({}, { ownKeys: () => expect.fail() })),
    { level: 'info', msg: 'a log entry could not be serialized' },
  ],
])('%s is one serialized line', (_what, use, expected) => {
  expect(written(use)).toEqual([expected])
})

test('a line is bounded for any value', () => {
  const many = Array.from({ length: 10_000 }, () => 'a'.repeat(3000))
  const cut = `${'a'.repeat(1999)}…`
  expect(written((log) => log.info({ many, more: many }, 'a'.repeat(1_000_000)))).toEqual([
    { level: 'info', many: Array.from({ length: 199 }, () => cut), more: '[cut]', msg: cut },
  ])
})

test('a line below the level is not written', () => {
  const lines: string[] = []
  const log = createLog({ level: 'warn', secrets, destination: { write: (line) => void lines.push(line) } })
  log.info('m')
  expect(lines).toEqual([])
})

test('a terminal shows nothing that a file does not contain', async () => {
  const destination = new PassThrough({ encoding: 'utf8' })
  const log = createLog({ level: 'info', secrets, isTerminal: true, destination })
  log.child({ token: secret }).error({ note: 'x', err: new Error(`of ${secret}`) }, 'to ada@example.com')
  log.info({ '\u001B[2J': '\u001B[31m\u0007\u202Eb\n\u2028INFO: c' }, '\u001B]0;title\u0007\r\nINFO: forged')
  log.info('the end')
  let shown = ''
  for await (const chunk of destination) {
    shown += chunk
    if (shown.includes('the end')) break
  }
  const withoutTimes = shown.replaceAll(/^\[[\d:]{8}\] /gm, '').replaceAll(/^ +at .*\n/gm, '')
  expect(withoutTimes).toBe(`ERROR: to [redacted] {"token":"[redacted]","note":"[redacted]"}
    err: {
      "type": "Error",
      "message": "of [redacted]",
      "stack":
    }
INFO:  ]0;title  INFO: forged {" [2J":" [31m b  INFO: c"}
INFO: the end
`)
})

test('lines in quick succession are one write, and a warning is written at once', async () => {
  const writes: string[] = []
  const log = pino({ base: null, timestamp: false }, joinLines({ write: (text) => void writes.push(text) }))
  log.info('one')
  log.child({ worker: 1 }).info('two')
  expect(writes).toEqual([])
  await vi.waitFor(() =>
    expect(writes).toEqual(['{"level":30,"msg":"one"}\n{"level":30,"worker":1,"msg":"two"}\n']),
  )
  log.info('three')
  log.warn('four')
  expect(writes.slice(1)).toEqual(['{"level":30,"msg":"three"}\n{"level":40,"msg":"four"}\n'])
  log.info('five')
  await vi.waitFor(() => expect(writes.slice(2)).toEqual(['{"level":30,"msg":"five"}\n']))
})

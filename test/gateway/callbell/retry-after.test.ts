import { expect, onTestFinished, test } from 'vitest'
import { createTransport } from '../../../src/callbell/transport.ts'
import { noInputPath, toCallbellError } from '../../../src/callbell/to-callbell-error.ts'
import { parseRetryAfter } from '../../../src/callbell/retry-after.ts'
import { httpAnswer, startRawUpstream } from '../../support/raw-upstream.ts'

/** The Date of the response, far from the gateway's clock. */
const date = 'Thu, 01 Jan 1998 00:00:00 GMT'

test.each<[string | undefined, number | undefined]>([
  ['0', 0],
  ['3', 3000],
  ['3600', 60_000],
  ['1 ', 1000],
  ['\t 2 \t', 2000],
  ['Thu, 01 Jan 1998 00:00:05 GMT', 5000],
  [' Thu, 01 Jan 1998 00:00:05 GMT\t', 5000],
  ['Thu, 01 Jan 1998 01:00:00 GMT', 60_000],
  ['Wed, 31 Dec 1997 23:59:59 GMT', 0],
  ['Xyz, 99 Foo 1998 00:00:05 GMT', undefined],
  ['-1', undefined],
  ['- 1', undefined],
  ['+1', undefined],
  ['1.5', undefined],
  ['1 2', undefined],
  ['1, 1', undefined],
  ['12345678901', undefined],
  ['soon', undefined],
  ['', undefined],
  [' ', undefined],
  [undefined, undefined],
])('Retry-After %j is %j milliseconds', (header, expected) => {
  expect(parseRetryAfter(header, date)).toBe(expected)
})

test.each<[string | undefined, number | undefined]>([
  [` ${date} `, 5000],
  [undefined, undefined],
  ['', undefined],
  ['yesterday', undefined],
])('with Date %j, a date in Retry-After is %j milliseconds away', (answerDate, expected) => {
  expect(parseRetryAfter('Thu, 01 Jan 1998 00:00:05 GMT', answerDate)).toBe(expected)
  expect(parseRetryAfter('5', answerDate)).toBe(5000)
})

test('a date in Retry-After is compared with the Date of the same response, not with the gateway’s clock', async () => {
  const upstream = await startRawUpstream((socket) => {
    const headers = `retry-after: Thu, 01 Jan 1998 00:00:02 GMT \r\ndate: ${date}\r\n`
    socket.write(httpAnswer('429 Too Many Requests', '{"error":"slow down"}', headers))
  })
  const transport = createTransport({
    url: upstream.url,
    token: 't',
    userAgent: 'test/1',
    connectTimeoutMs: 5000,
    connections: 1,
  })
  onTestFinished(() => transport.close())
  await transport.connections.open()
  const connection = transport.connections.take()
  if (connection === undefined) throw new Error('no connection')
  const release = (): void => transport.connections.release(connection)
  const hooks = { mayStart: () => true, isUsable: () => true, sent: () => undefined, release }
  const answer = await transport.send({ method: 'GET', path: '/contacts' }, 15_000, hooks, connection)
  expect(toCallbellError(answer, noInputPath, String)).toMatchObject({
    code: 'CALLBELL_RATE_LIMITED',
    retryAfterMs: 2000,
  })
})

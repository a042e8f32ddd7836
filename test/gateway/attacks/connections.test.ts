/** Slow and idle connections. */
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { startGateway } from '../../support/child-gateway.ts'
import { closed, openSocket, sendRaw } from '../../support/raw-request.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { shortLimits, headOfPost, expectService, readAll, drip } from '../../support/attacks.ts'

describe('slow and idle connections', () => {
  test.each<[string, (socket: Socket) => void, RegExp]>([
    ['says nothing', () => undefined, /^HTTP\/1\.1 408 /],
    [
      'sends a header byte by byte',
      (socket) => {
        socket.write('GET /livez HTTP/1.1\r\nx: ')
        drip(socket, 'y')
      },
      /^HTTP\/1\.1 408 /,
    ],
    [
      'sends header after header',
      (socket) => {
        socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n')
        drip(socket, 'x: y\r\n')
      },
      /^HTTP\/1\.1 408 [\s\S]*"The request did not arrive in time; the limits are \d+ ms for its head and \d+ ms for all of it\."/,
    ],
    [
      'sends its body byte by byte',
      (socket) => {
        socket.write(`${headOfPost}content-length: 1000\r\n\r\n`)
        drip(socket, ' ')
      },
      /^HTTP\/1\.1 408 [\s\S]*"The request did not arrive in time; the limits are \d+ ms for its head and \d+ ms for all of it\."/,
    ],
    [
      'stops in the middle of its body',
      (socket) => void socket.write(`${headOfPost}content-length: 1000\r\n\r\n{`),
      /^HTTP\/1\.1 408 /,
    ],
  ])(
    'a caller that %s gets a 408 and is disconnected, and others are served',
    async (_name, behave, answer) => {
      const gateway = await createTestGateway({ limits: shortLimits })
      const socket = await openSocket(gateway.url)
      const reading = readAll(socket)
      behave(socket)
      await expectService(gateway)
      expect(await reading).toMatch(answer)
      await expectService(gateway)
    },
  )

  test('a caller that continues to send after the 408 is disconnected', async () => {
    const gateway = await createTestGateway({ limits: shortLimits })
    const socket = await openSocket(gateway.url, true)
    socket.resume()
    socket.write(`${headOfPost}content-length: 90000\r\n\r\n`)
    drip(socket, ' ')
    await closed(socket)
    await expect.poll(() => gateway.connections()).toBe(0)
  })

  test('unread responses do not fill the memory', async () => {
    const gateway = await createTestGateway({ limits: { unsentBytes: 10_000_000 } })
    const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
    const script = /\/graphiql\/graphiql-\w+\.js/.exec(await page.text())?.[0]
    const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(gateway.url)))
    for (const socket of sockets) {
      socket.pause()
      socket.write(`GET ${script} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    }
    await expect.poll(() => gateway.connections()).toBeLessThan(5)
  })

  test('an idle connection is closed', async () => {
    const gateway = await createTestGateway({ limits: shortLimits })
    const answers = await sendRaw(gateway.url, 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
    expect(answers.map(({ body }) => body)).toEqual(['{"live":true}'])
  })

  test('a caller that reads nothing is disconnected', async () => {
    const gateway = await createTestGateway({ limits: shortLimits })
    const page = await fetch(gateway.url, { headers: { accept: 'text/html' } })
    const script = /\/graphiql\/graphiql-\w+\.js/.exec(await page.text())?.[0]
    const socket = await openSocket(gateway.url)
    socket.pause()
    // Nine megabytes, more than the buffers of the sockets.
    socket.write(`GET ${script} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
    // The connection of `fetch` is closed because it is idle, this one because it reads nothing.
    await expect.poll(() => gateway.connections()).toBe(0)
    await expectService(gateway)
  })

  test.each([
    ['has been idle longest', ''],
    ['stopped in the middle of its body', `${headOfPost}content-length: 1000\r\n\r\n{`],
  ])(
    'a connection above the limit closes the one that %s, and none with a running request',
    async (_name, bytes) => {
      const gateway = await createTestGateway({ limits: { connections: 3 } })
      gateway.sandbox.failNext({ delayMs: 60_000 })
      const served = await openSocket(gateway.url)
      const body = JSON.stringify({ query: '{contact(uuid:"1"){name}}' })
      served.write(`${headOfPost}content-length: ${body.length}\r\n\r\n${body}`)
      await expect.poll(() => gateway.sandbox.requests.length).toBe(1)
      const idle = await openSocket(gateway.url)
      idle.write(bytes)
      // The response to the next connection shows that these bytes have been read.
      const next = await openSocket(gateway.url)
      next.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
      await new Promise((resolve) => void next.once('data', resolve))
      const last = await openSocket(gateway.url)
      await closed(idle)
      expect([served.closed, next.closed, last.closed]).toEqual([false, false, false])
    },
  )

  test('10,000 silent connections do not block other callers', async () => {
    const gateway = startGateway()
    const url = await gateway.url
    const silent: Socket[] = []
    while (silent.length < 10_000) {
      silent.push(...(await Promise.all(Array.from({ length: 250 }, () => openSocket(url)))))
    }
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{contact(uuid:\\"1\\"){name}}"}',
    })
    expect(await response.json()).toEqual({ data: { contact: null } })
    // Only the newest of them are open: the others were closed to make room.
    await expect.poll(() => silent.filter((socket) => !socket.closed).length).toBeLessThan(2000)
    for (const socket of silent) socket.destroy()
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
  }, 60_000)
})

import { expect, onTestFinished, test, vi } from 'vitest'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { least, notFound, refused, startTestSandbox } from '../../support/test-sandbox.ts'

test('a wrong token is not authorized', async () => {
  const { call } = await startTestSandbox()
  expect(await call('POST', '/contacts', least, 'Bearer secret')).toEqual({
    status: 401,
    body: { error: 'not authorized' },
  })
})

test.each<[unknown, unknown]>([
  ['no object', 'must be a JSON object'],
  [[], 'must be a JSON object'],
  [
    {},
    {
      identifier: ['must be present and not empty'],
      source: ['must be present and not empty'],
      name: ['must be present and not empty'],
    },
  ],
  [{ ...least, name: ' ' }, { name: ['must be present and not empty'] }],
  [{ ...least, source: 'fax' }, { source: ['must be one of whatsapp, facebook, instagram, telegram'] }],
  [{ ...least, tags: ['None'] }, { tags: ['tag "None" does not exist'] }],
  [{ ...least, tags: 'VIP' }, { tags: ['must be a list'] }],
  [{ ...least, custom_fields: { Shoe: '42' } }, { custom_fields: ['field "Shoe" does not exist'] }],
  [{ ...least, custom_fields: { Age: 42 } }, { custom_fields: ['"Age" must be a string'] }],
  [{ ...least, custom_fields: { Age: 'old' } }, { custom_fields: ['"Age" must be a valid number'] }],
  [
    { ...least, custom_fields: { Birthday: '1.2.99' } },
    { custom_fields: ['"Birthday" must be a valid date'] },
  ],
  [
    { ...least, custom_fields: { Plan: 'Gold' } },
    { custom_fields: ['"Plan" must be one of Free, Pro, Enterprise'] },
  ],
  [
    { ...least, custom_fields: { Preferences: 'Dark Mode' } },
    { custom_fields: ['"Preferences" must be a list of Dark Mode, Notifications, Weekly Report'] },
  ],
  [
    { ...least, assigned_user: 'eve@example.com' },
    { assigned_user: ['must be the e-mail of a confirmed user'] },
  ],
  [{ ...least, team_uuid: 'none' }, { team_uuid: ['does not exist'] }],
  [{ ...least, bot_status: 'start' }, { bot_status: ['must be one of bot_start, bot_end'] }],
  [{ ...least, note: 'a'.repeat(1001) }, { note: ['must be a string of at most 1000 characters'] }],
  [{ ...least, assignedUser: 'ada@example.com' }, { assignedUser: ['is not a parameter of this call'] }],
])('%j is refused', async (parameters, error) => {
  const { call, sandbox } = await startTestSandbox()
  expect(await call('POST', '/contacts', parameters)).toEqual(refused(error))
  expect(sandbox.contacts.all()).toHaveLength(1)
})

test('each accepted POST creates a contact, even with the same identifier', async () => {
  const { call, sandbox } = await startTestSandbox()
  const first = await call('POST', '/contacts', least)
  const second = await call('POST', '/contacts', least)
  expect([first.status, second.status]).toEqual([201, 201])
  expect(sandbox.contacts.all().map(({ name }) => name)).toEqual(['John Doe', 'John Doe', 'John Doe'])
  expect(first.body.contact.uuid).not.toBe(second.body.contact.uuid)
})

test('more than 300 requests in a second exceed the rate limit', async () => {
  // They arrive together, even on a busy machine.
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const { call, sandbox } = await startTestSandbox({ maxRps: 300 })
  const answers = await Promise.all(Array.from({ length: 310 }, () => call('GET', '/contacts/none')))
  const tooMany = { status: 429, body: { error: 'too many requests' } }
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(300)
  expect(answers.filter(({ status }) => status !== 404)).toEqual(Array.from({ length: 10 }, () => tooMany))
  expect(sandbox.rejections()).toBe(10)
  vi.advanceTimersByTime(999)
  expect(await call('DELETE', '/contacts/none')).toEqual(tooMany)
  vi.advanceTimersByTime(1)
  expect(await call('DELETE', '/contacts/none')).toEqual(notFound)
})

test('faults apply to the next requests, one each', async () => {
  const { sandbox } = await startTestSandbox()
  sandbox.failNext(
    { status: 503, body: 'down' },
    { status: 200, body: 'odd', afterWork: true },
    { drop: true },
  )
  const post = (): Promise<Response> =>
    fetch(`${sandbox.url}/contacts`, {
      method: 'POST',
      headers: { authorization: 'Bearer secret' },
      body: JSON.stringify(least),
    })
  expect(await (await post()).text()).toBe('down')
  expect(sandbox.contacts.all()).toHaveLength(1)
  expect(await (await post()).text()).toBe('odd')
  expect(sandbox.contacts.all()).toHaveLength(2)
  await expect(post()).rejects.toThrow('fetch failed')
  expect(sandbox.contacts.all()).toHaveLength(2)
  expect((await post()).status).toBe(201)
  expect(sandbox.requests.map(({ body }) => body)).toEqual([least, least, least, least])
})

test.each(['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] as const)(
  'a fault can be limited to %s requests',
  async (on) => {
    const { call, sandbox } = await startTestSandbox()
    sandbox.failNext({ on, status: 503, body: { error: 'down' } })
    expect((await call(on === 'GET' ? 'POST' : 'GET', '/none')).status).toBe(404)
    expect(await call(on, '/none')).toEqual({ status: 503, body: { error: 'down' } })
    expect((await call(on, '/none')).status).toBe(404)
    expect(sandbox.requests.map(({ path }) => path)).toEqual(['/v1/none', '/v1/none', '/v1/none'])
  },
)

test('a fault after the work does not replace a 429', async () => {
  const { sandbox, call } = await startTestSandbox({ maxRps: 1 })
  await call('GET', '/channels')
  sandbox.failNext({ status: 201, body: '"created"', afterWork: true })
  expect(await call('POST', '/contacts', least)).toEqual({
    status: 429,
    body: { error: 'too many requests' },
  })
  expect(sandbox.contacts.all()).toHaveLength(1)
})

test('a sandbox that is closed carries out no late work', async () => {
  const closed = await startSandbox({ token: 'secret' })
  closed.failNext({ status: 503, workAfterMs: 50 })
  const headers = { authorization: 'Bearer secret' }
  await fetch(`${closed.url}/contacts`, { method: 'POST', headers, body: JSON.stringify(least) })
  await closed.close()
  const open = await startTestSandbox()
  // This delay begins later, and is longer.
  open.sandbox.failNext({ status: 503, workAfterMs: 100 })
  await open.call('POST', '/contacts', least)
  await expect.poll(() => open.sandbox.contacts.all()).toHaveLength(2)
  expect(closed.contacts.all()).toHaveLength(1)
})

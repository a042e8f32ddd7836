/** Cross-origin requests of a browser, and attempts to discover the schema. */
import { describe, expect, test } from 'vitest'
import { sendRaw } from '../../support/raw-request.ts'
import { createTestGateway } from '../../support/test-gateway.ts'
import { create, upstreamRequests, resultOf } from '../../support/attacks.ts'

describe('a page of another origin', () => {
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

  test.each([
    ['a form', 'application/x-www-form-urlencoded', `query=${encodeURIComponent(`mutation{${create}}`)}`],
    [
      'a form that uploads',
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query":"mutation{${create.replaceAll('"', '\\"')}}"}\r\n--x--`,
    ],
    ['a script, without a preflight', 'text/plain', JSON.stringify({ query: `mutation{${create}}` })],
    [
      'a script, with a type that only starts like JSON',
      'application/jsonx',
      JSON.stringify({ query: `mutation{${create}}` }),
    ],
  ])('%s cannot send a mutation', async (_name, type, body) => {
    const gateway = await createTestGateway()
    const response = await gateway.post(body, { ...evil, 'content-type': type })
    expect(await resultOf(response)).toEqual({
      status: 415,
      data: undefined,
      errors: ['BAD_REQUEST: Send the request body with `content-type: application/json`.'],
    })
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test('a link cannot send a mutation', async () => {
    const gateway = await createTestGateway()
    const response = await fetch(`${gateway.url}?query=${encodeURIComponent(`mutation{${create}}`)}`)
    expect(response.status).toBe(405)
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ])('an image or a script cannot send a query: %j', async (headers) => {
    const gateway = await createTestGateway()
    const response = await fetch(`${gateway.url}?query={contact(uuid:"1"){name}}`, { headers })
    expect(await resultOf(response)).toEqual({
      status: 403,
      data: undefined,
      errors: ['FORBIDDEN: Cross-origin GET refused. Add the origin to CORS_ORIGINS.'],
    })
    expect(upstreamRequests(gateway)).toBe(0)
  })

  test.each([
    [evil.origin, {}],
    ['https://app.example.evil.example', {}],
    ['http://app.example', {}],
    ['null', {}],
    [
      'https://app.example',
      {
        'access-control-allow-origin': 'https://app.example',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers':
          'content-type, authorization, x-api-key, x-request-id, traceparent, tracestate, baggage, sentry-trace, apollographql-client-name, apollographql-client-version, apollo-require-preflight',
        'access-control-max-age': '600',
      },
    ],
  ])('a preflight from %s is answered by CORS_ORIGINS', async (origin, expected) => {
    const gateway = await createTestGateway({ corsOrigins: ['https://app.example'] })
    const response = await fetch(gateway.url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    const headers = [...response.headers].filter(([name]) => name.startsWith('access-control'))
    expect([response.status, Object.fromEntries(headers), response.headers.get('vary')]).toEqual([
      204,
      expected,
      'origin',
    ])
  })

  test.each<[string, Readonly<Record<string, string>>, object | undefined]>([
    [
      'of another origin',
      {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-api-key',
      },
      { origin: 'https://evil.example', method: 'POST', reason: 'CORS_ORIGINS does not list the origin' },
    ],
    [
      'for another method',
      { origin: 'https://app.example', 'access-control-request-method': 'PUT' },
      { origin: 'https://app.example', method: 'PUT', reason: 'pages may use GET and POST only' },
    ],
    [
      'for other headers',
      {
        origin: 'app://bundle',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'X-Tenant, content-type,x-other,,x-more',
      },
      {
        origin: 'app://bundle',
        method: 'POST',
        headers: ['x-other', 'x-more'],
        reason: 'CORS_ALLOWED_HEADERS does not list the headers',
      },
    ],
    [
      'of great length',
      {
        origin: `https://${'e'.repeat(200)}.example`,
        'access-control-request-method': 'M'.repeat(200),
        'access-control-request-headers': Array.from({ length: 30 }, () => 'h'.repeat(200)).join(),
      },
      {
        origin: `https://${'e'.repeat(91)}…`,
        method: `${'M'.repeat(99)}…`,
        headers: Array.from({ length: 20 }, () => `${'h'.repeat(99)}…`),
        reason: 'CORS_ORIGINS does not list the origin',
      },
    ],
    [
      'that is allowed',
      {
        origin: 'app://bundle',
        'access-control-request-method': 'POST',
        'access-control-request-headers':
          'apollo-require-preflight, apollographql-client-name, baggage, content-type, sentry-trace, traceparent, x-tenant',
      },
      undefined,
    ],
    ['that names no method', { origin: 'https://evil.example' }, undefined],
    ['that names no origin', { 'access-control-request-method': 'PUT' }, undefined],
  ])(
    'a preflight %s leaves a log line only if it is refused, and only once',
    async (_name, headers, line) => {
      const gateway = await createTestGateway({
        corsOrigins: ['https://app.example', 'app://bundle'],
        corsAllowedHeaders: ['x-tenant'],
      })
      for (const requestId of ['r1', 'r2']) {
        const sent = Object.entries({
          host: 'localhost',
          connection: 'close',
          'x-request-id': requestId,
          ...headers,
        })
        const lines = sent.map(([name, value]) => `${name}: ${value}\r\n`)
        const [answer] = await sendRaw(gateway.url, `OPTIONS /graphql HTTP/1.1\r\n${lines.join('')}\r\n`)
        expect(answer?.status).toBe(204)
      }
      const common = { level: 'info', time: expect.any(String), requestId: 'r1', address: '127.0.0.1' }
      expect(gateway.log).toEqual(line ? [{ ...common, ...line, msg: 'a preflight was refused' }] : [])
    },
  )

  test('an app of CORS_ORIGINS may send the headers of CORS_ALLOWED_HEADERS, and read responses', async () => {
    const gateway = await createTestGateway({
      corsOrigins: ['capacitor://localhost'],
      corsAllowedHeaders: ['x-tenant', 'baggage'],
    })
    const origin = 'capacitor://localhost'
    const preflight = await fetch(gateway.url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    expect(preflight.headers.get('access-control-allow-headers')).toBe(
      'content-type, authorization, x-api-key, x-request-id, traceparent, tracestate, baggage, sentry-trace, apollographql-client-name, apollographql-client-version, apollo-require-preflight, x-tenant',
    )
    const answers = [
      await gateway.post(JSON.stringify({ query: '{__typename}' }), { origin }),
      await fetch(`${gateway.url}?query={__typename}`, {
        headers: { origin, 'sec-fetch-site': 'cross-site' },
      }),
    ]
    for (const answer of answers) {
      expect([answer.headers.get('access-control-allow-origin'), await answer.json()]).toEqual([
        origin,
        { data: { __typename: 'Query' } },
      ])
    }
  })

  test('the host of an app of CORS_ORIGINS is no name of the gateway', async () => {
    const { url } = await createTestGateway({ corsOrigins: ['app://evil.example', 'https://app.example'] })
    const statuses = []
    for (const host of ['evil.example', 'app.example']) {
      const [answer] = await sendRaw(url, `GET /livez HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
      statuses.push(answer?.status)
    }
    expect(statuses).toEqual([421, 200])
  })

  test('only the origins of CORS_ORIGINS can read a response', async () => {
    const gateway = await createTestGateway({ corsOrigins: ['https://app.example'] })
    const body = JSON.stringify({ query: '{__typename}' })
    const named = await gateway.post(body, { origin: 'https://app.example' })
    expect(named.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(named.headers.get('access-control-allow-credentials')).toBeNull()
    const other = await gateway.post(body, { origin: 'https://evil.example' })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('DNS rebinding to 127.0.0.1 is refused', async () => {
    const gateway = await createTestGateway()
    const { port } = new URL(gateway.url)
    const body = JSON.stringify({ query: `mutation{${create}}` })
    const host = `evil.example:${port}`
    const [answer] = await sendRaw(
      gateway.url,
      `POST /graphql HTTP/1.1\r\nhost: ${host}\r\norigin: http://${host}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    expect(answer?.status).toBe(421)
    expect(JSON.parse(answer?.body ?? '').errors[0].message).toBe(
      'The Host header must be localhost or a loopback address. Set it in the proxy, or add its origin to CORS_ORIGINS.',
    )
    expect(upstreamRequests(gateway)).toBe(0)
  })
})

describe('attempts to discover the schema and the software', () => {
  const hidden = { introspection: false, graphiql: false }

  test.each([
    ['{contac(uuid:"1"){name}}', 'Cannot query field "contac" on type "Query".'],
    ['{contact(uui:"1"){name}}', 'Unknown argument "uui" on field "Query.contact".'],
    ['query($a:Strin){__typename}', 'Unknown type "Strin".'],
    ['{__typename @skp(if:true)}', 'Unknown directive "@skp".'],
    [
      'mutation{createContact(input:{identifier:"1",source:WHATSAP,name:"A"}){replayed}}',
      'Value "WHATSAP" does not exist in "ContactSource" enum.',
    ],
    [
      'mutation{createContact(input:{identifie:"1",source:WHATSAPP,name:"A"}){replayed}}',
      'Field "identifie" is not defined by type "CreateContactInput".',
    ],
  ])('no name is suggested for %s', async (query, message) => {
    const { execute } = await createTestGateway(hidden)
    const { errors } = await execute(query)
    expect(errors?.map((error) => error.message)).toContain(message)
    expect(JSON.stringify(errors)).not.toContain('Did you mean')
  })

  test('no name is suggested for a wrong variable', async () => {
    const { execute } = await createTestGateway(hidden)
    const query = 'mutation($i:CreateContactInput!){createContact(input:$i){replayed}}'
    const { errors } = await execute(query, { i: { identifier: '1', source: 'WHATSAP', name: 'A' } })
    expect(errors?.map(({ message }) => message)).toEqual([
      'Variable "$i" got invalid value "WHATSAP" at "i.source"; Value "WHATSAP" does not exist in "ContactSource" enum.',
    ])
  })

  test.each(['{__schema{types{name}}}', '{__type(name:"Contact"){name}}', '{a:__schema{__typename}}'])(
    'introspection is refused: %s',
    async (query) => {
      const { execute } = await createTestGateway(hidden)
      const { data, errors } = await execute(query)
      expect([data, errors?.[0]?.extensions?.['code']]).toEqual([undefined, 'GRAPHQL_VALIDATION_FAILED'])
    },
  )

  test('the playground is not served', async () => {
    const gateway = await createTestGateway(hidden)
    const response = await fetch(gateway.url, { headers: { accept: 'text/html' } })
    expect(response.status).toBe(406)
  })

  test('no response contains a version, a stack or a trace, and each has the security headers', async () => {
    const gateway = await createTestGateway(hidden)
    const { origin } = new URL(gateway.url)
    const answers = await Promise.all([
      gateway.post(JSON.stringify({ query: '{contact(uuid:"1"){name}}', extensions: { tracing: true } })),
      gateway.post('{'),
      gateway.post(JSON.stringify({ query: 'query cop { __typename' }), { 'x-apollo-tracing': '1' }),
      fetch(`${origin}/nowhere`),
      fetch(`${origin}/`, { redirect: 'manual' }),
      fetch(`${origin}/livez`),
      fetch(`${origin}/readyz`),
      fetch(`${origin}/graphql`, { method: 'DELETE' }),
      fetch(`${origin}/graphql`, { method: 'OPTIONS' }),
    ])
    const [broken] = await sendRaw(gateway.url, 'GARBAGE\r\n\r\n')
    const seen = [
      ...(await Promise.all(
        answers.map(async (answer) => ({
          headers: Object.fromEntries(answer.headers),
          body: await answer.text(),
        })),
      )),
      ...(broken ? [broken] : []),
    ]
    expect(seen).toHaveLength(10)
    for (const { headers, body } of seen) {
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        'x-request-id': expect.stringMatching(/^[\w-]{36}$/),
      })
      expect(Object.keys(headers)).not.toContain('server')
      expect(Object.keys(headers)).not.toContain('x-powered-by')
      expect(body).not.toMatch(/\bat .*:\d+|node_modules|stack|exception|tracing|yoga|\d+\.\d+\.\d+/i)
    }
  })
})

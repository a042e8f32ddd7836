/** A sandbox that tests call over HTTP like the gateway does. It is closed after the test. */
import { onTestFinished } from 'vitest'
import type { Sandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'

export interface TestSandbox {
  readonly sandbox: Sandbox
  /** @param path relative to `/v1`, with its query */
  readonly call: (method: string, path: string, body?: unknown, token?: string) => Promise<TestAnswer>
  /** Creates a WhatsApp contact and returns it. */
  readonly create: (parameters?: object) => Promise<TestAnswer['body']>
}

export interface TestAnswer {
  readonly status: number
  /** Parsed JSON of any shape, for tests. */
  readonly body: Awaited<ReturnType<Response['json']>>
}

export const least = { identifier: '123456789', source: 'whatsapp', name: 'John Doe' }
export const notFound = { status: 404, body: { error: 'not found' } }

export function refused(error: unknown): TestAnswer {
  return { status: 400, body: { error } }
}

export async function startTestSandbox(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const sandbox = await startSandbox({ token: 'secret', maxRps: 100_000, ...options })
  onTestFinished(() => sandbox.close())
  const call: TestSandbox['call'] = async (method, path, body, token = 'secret') => {
    const response = await fetch(`${sandbox.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }
  return {
    sandbox,
    call,
    create: async (parameters) => (await call('POST', '/contacts', { ...least, ...parameters })).body.contact,
  }
}

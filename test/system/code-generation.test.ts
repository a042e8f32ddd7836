/** The serving process generates no code from strings when it runs from source. package.test.ts tests the built one. */
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { followGateway } from '../support/child-gateway.ts'
import { codeGenerationProbe, expectNoCodeGeneration } from '../support/code-generation.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const flag = '--disallow-code-generation-from-strings'

const workers = async (): Promise<Readonly<Record<string, string>>> => ({
  GATEWAY_WORKERS: '2',
  STORE_URL: (await startRedis()).url,
})

type Case = [string, readonly string[], () => Promise<Readonly<Record<string, string>>>, number]
const withWorkers: Case = ['with workers', [], workers, 3]

test.each<Case>([
  ['without the flag', [], async () => ({}), 1],
  ['with the flag', [flag], async () => ({}), 1],
  ...(hasRedis ? [withWorkers] : []),
])(
  'a gateway that is started %s generates no code from strings, and keeps its process',
  { timeout: 300_000 },
  async (_name, options, variablesOf, processes) => {
    const folder = mkdtempSync(join(tmpdir(), 'gateway-'))
    const child = spawn(process.execPath, [...options, '--import', codeGenerationProbe, main], {
      cwd: folder,
      env: { PATH: process.env['PATH'], PORT: '0', ...(await variablesOf()) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const gateway = followGateway(child, folder)
    const response = await fetch(await gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ contact(uuid: \\"1\\") { name } }"}',
    })
    expect(await response.json()).toEqual({ data: { contact: null } })
    expect(await expectNoCodeGeneration(gateway, processes)).toContain(child.pid)
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
  },
)

test('npm’s scripts start the gateway with the flag', () => {
  const { start, dev } = packageJson.scripts
  expect([start, dev]).toEqual([`node ${flag} src/main.ts`, `node --watch ${flag} src/main.ts`])
})

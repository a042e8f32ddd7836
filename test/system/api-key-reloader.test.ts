import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { expect, test } from 'vitest'
import { readAuthentication } from '../../src/config/authentication.ts'
import { readConfig } from '../../src/config/config.ts'
import { createAuthenticate } from '../../src/http/auth/authenticate.ts'
import { watchApiKeys } from '../../src/config/api-key-reloader.ts'

function line(name: string, key: string): string {
  return `${name}:${createHash('sha256').update(key).digest('hex')}\n`
}

/** Watches a key file, and reports which keys are accepted. */
function startWatch(file: string) {
  let variables: Record<string, string> = { GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: file }
  const logged: unknown[] = []
  const log = pino({ base: null }, { write: (text) => void logged.push(messageOf(JSON.parse(text))) })
  const read = () => readAuthentication(variables)
  const first = readConfig(variables).auth.apiKeys ?? []
  const apiKeys = watchApiKeys({ keys: first, files: [file], read, log })
  const authenticate = createAuthenticate({ apiKeys, jwt: null })
  return {
    logged,
    set: (given: Record<string, string>): void => void (variables = given),
    /** @returns the caller’s name for each of these keys; null: the key is refused */
    acceptedNames: async (...keys: string[]): Promise<(string | null)[]> => {
      const answers = keys.map((key) => authenticate(new Headers({ 'x-api-key': key }), undefined))
      return (await Promise.all(answers)).map((answer) => ('caller' in answer ? answer.caller.name : null))
    },
  }
}

function messageOf({ level, msg, names }: Record<string, unknown>): unknown {
  return level === pino.levels.values['info'] ? { msg, names } : { level, msg }
}

const kept = (problem: string): unknown => ({
  level: pino.levels.values['error'],
  msg: `API keys not reloaded: ${problem}`,
})

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'keys-'))

test('an added key is accepted, and a removed one is refused', async () => {
  const file = join(newFolder(), 'keys')
  writeFileSync(file, line('web', 'old'))
  const { acceptedNames, logged } = startWatch(file)
  expect(await acceptedNames('old', 'new')).toEqual(['key:web', null])
  writeFileSync(file, line('web', 'old') + line('shop', 'new'))
  await expect.poll(() => acceptedNames('old', 'new')).toEqual(['key:web', 'key:shop'])
  writeFileSync(file, line('shop', 'new'))
  await expect.poll(() => acceptedNames('old', 'new')).toEqual([null, 'key:shop'])
  expect(logged).toEqual([
    { msg: 'API keys reloaded, now 2', names: ['web', 'shop'] },
    { msg: 'API keys reloaded, now 1', names: ['shop'] },
  ])
})

test('an emptied file leaves no valid key', async () => {
  const file = join(newFolder(), 'keys')
  writeFileSync(file, line('web', 'key'))
  const { acceptedNames, logged } = startWatch(file)
  writeFileSync(file, '# none\n')
  await expect.poll(() => acceptedNames('key')).toEqual([null])
  expect(logged).toEqual([{ level: pino.levels.values['warn'], msg: 'API keys reloaded, now 0' }])
})

test('a replaced file is read, and so is the new target of a link', async () => {
  // Kubernetes mounts a secret like this: keys -> now/keys, now -> a folder for each version.
  const folder = newFolder()
  for (const version of ['1', '2']) {
    mkdirSync(join(folder, version))
    writeFileSync(join(folder, version, 'keys'), line('web', `key ${version}`))
  }
  symlinkSync('1', join(folder, 'now'))
  const file = join(folder, 'keys')
  symlinkSync('now/keys', file)
  const { acceptedNames } = startWatch(file)
  symlinkSync('2', join(folder, 'next'))
  renameSync(join(folder, 'next'), join(folder, 'now'))
  await expect.poll(() => acceptedNames('key 1', 'key 2')).toEqual([null, 'key:web'])
  writeFileSync(join(folder, 'edited'), line('web', 'key 3'))
  renameSync(join(folder, 'edited'), file)
  await expect.poll(() => acceptedNames('key 2', 'key 3')).toEqual([null, 'key:web'])
})

test('a file with problems changes nothing, and the problems are logged', async () => {
  const file = join(newFolder(), 'keys')
  writeFileSync(file, line('web', 'old'))
  const { acceptedNames, logged, set } = startWatch(file)
  writeFileSync(file, `${line('web', 'new')}shop:k3y-in-clear\n#\n:\n`)
  await expect
    .poll(() => logged)
    .toEqual([
      kept(
        'GATEWAY_API_KEYS_FILE line 2 must have a SHA-256 hex digest (64 hex digits) after the name, never the key itself',
      ),
      kept(
        'GATEWAY_API_KEYS_FILE line 4 must start with a name of 1 to 64 characters out of A-Z, a-z, 0-9, ".", "_" and "-"',
      ),
    ])
  expect(await acceptedNames('old', 'new', 'k3y-in-clear')).toEqual(['key:web', null, null])
  // The problem remains and is logged again, because the change does not count.
  const problems = logged.splice(0, 2)
  writeFileSync(file, `${line('web', 'newer')}shop:k3y-in-clear\n\n:\n`)
  await expect.poll(() => logged).toEqual(problems)
  rmSync(file)
  await expect
    .poll(() => logged.slice(2))
    .toEqual([
      kept('GATEWAY_API_KEYS_FILE cannot be read (ENOENT). Check the path of the file and its permissions'),
    ])
  set({})
  writeFileSync(file, line('web', 'new'))
  await expect.poll(() => logged.slice(3)).toEqual([kept('GATEWAY_AUTH can only be changed by a restart')])
  expect(await acceptedNames('old', 'new')).toEqual(['key:web', null])
  set({ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: file })
  writeFileSync(file, line('shop', 'new'))
  await expect.poll(() => acceptedNames('old', 'new')).toEqual([null, 'key:shop'])
})

test('a pipe or a huge file instead of the keys does not block, and changes nothing', async () => {
  const file = join(newFolder(), 'keys')
  writeFileSync(file, line('web', 'old'))
  const { acceptedNames, logged } = startWatch(file)
  /** Atomically: otherwise a check could find no file. */
  const replace = (make: (path: string) => void): void => {
    make(`${file}.new`)
    renameSync(`${file}.new`, file)
  }
  replace((path) => void execFileSync('mkfifo', [path]))
  const pipe = kept('GATEWAY_API_KEYS_FILE must be a regular file, but is a pipe')
  await expect.poll(() => logged).toEqual([pipe])
  replace((path) => {
    writeFileSync(path, '')
    truncateSync(path, 2 ** 40)
  })
  const huge = 'GATEWAY_API_KEYS_FILE must have at most 10,000,000 bytes, but has 1,099,511,627,776'
  await expect.poll(() => logged).toEqual([pipe, kept(huge)])
  expect(await acceptedNames('old')).toEqual(['key:web'])
  replace((path) => writeFileSync(path, line('web', 'new')))
  await expect.poll(() => acceptedNames('old', 'new')).toEqual([null, 'key:web'])
})

test('keys in UTF-16 change nothing and are logged, and a byte order mark is ignored', async () => {
  const file = join(newFolder(), 'keys')
  writeFileSync(file, line('web', 'old'))
  const { acceptedNames, logged } = startWatch(file)
  writeFileSync(file, Buffer.from(`\uFEFF${line('web', 'new')}`, 'utf16le'))
  const problem = 'GATEWAY_API_KEYS_FILE must be UTF-8 text, but is UTF-16 or binary. Save it as UTF-8'
  await expect.poll(() => logged).toEqual([kept(problem)])
  expect(await acceptedNames('old', 'new')).toEqual(['key:web', null])
  writeFileSync(file, `\uFEFF${line('web', 'new')}`)
  await expect.poll(() => acceptedNames('old', 'new')).toEqual([null, 'key:web'])
})

test('a file that replaces another one in the configuration is watched', async () => {
  const folder = newFolder()
  const first = join(folder, 'first')
  const second = join(folder, 'second')
  writeFileSync(first, line('web', 'one'))
  writeFileSync(second, line('web', 'two'))
  const { acceptedNames, set } = startWatch(first)
  set({ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS_FILE: second })
  writeFileSync(first, '')
  await expect.poll(() => acceptedNames('one', 'two')).toEqual([null, 'key:web'])
  writeFileSync(second, line('web', 'three'))
  await expect.poll(() => acceptedNames('two', 'three')).toEqual([null, 'key:web'])
})

/** Configuration files of a real process. */
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'

/** @returns a path in a new folder, after `make` has created something there */
function pathOf(make: (path: string) => void): string {
  const path = join(mkdtempSync(join(tmpdir(), 'text-')), 'file')
  make(path)
  return path
}

function problem(text: string): object {
  return { problem: `VARIABLE ${text}` }
}

test.each([
  ['/dev/stdin', 'printf key | "$NODE" --input-type=module -e "$SCRIPT" /dev/stdin'],
  ['a process substitution', '"$NODE" --input-type=module -e "$SCRIPT" <(printf key)'],
])('%s is refused as a pipe', async (_what, command) => {
  const script = `
    import { readTextFile } from './src/config/text-file.ts'
    console.log(JSON.stringify(readTextFile('VARIABLE', process.argv[1])))
  `
  const env = { ...process.env, NODE: process.execPath, SCRIPT: script }
  const { stdout } = await promisify(execFile)('bash', ['-c', command], { env })
  expect(JSON.parse(stdout)).toEqual(problem('must be a regular file, but is a pipe'))
})

test('a pipe with the name .env prevents the start, and does not block it', async () => {
  const path = pathOf((file) => void execFileSync('mkfifo', [join(dirname(file), '.env')]))
  const starting = promisify(execFile)(process.execPath, [inject('main')], { cwd: dirname(path) })
  await expect(starting).rejects.toMatchObject({
    code: 1,
    stderr: 'The configuration has problems:\n  - .env must be a regular file, but is a pipe\n',
  })
})

/** Starts the gateway with an invalid .env. @returns its standard error */
async function startWith(env: Buffer): Promise<string> {
  const path = pathOf((file) => writeFileSync(join(dirname(file), '.env'), env))
  const starting = promisify(execFile)(process.execPath, [inject('main')], { cwd: dirname(path) })
  const { stderr } = await starting.then(
    () => expect.unreachable(),
    (error: { readonly stderr: string }) => error,
  )
  return stderr
}

test('the first variable of an .env with a byte order mark is read', async () => {
  expect(await startWith(Buffer.from('\uFEFFPORT=x\r\nLOG_SAMPLE=y\r\n'))).toBe(
    [
      'The configuration has problems:',
      'PORT must be a whole number from 0 to 65535, but is "x"',
      'LOG_SAMPLE must be a number from 0 to 1, but is "y"\n',
    ].join('\n  - '),
  )
})

test('an .env in UTF-16 prevents the start', async () => {
  expect(await startWith(Buffer.from('\uFEFFCALLBELL_API_TOKEN=t\r\n', 'utf16le'))).toBe(
    'The configuration has problems:\n  - .env must be UTF-8 text, but is UTF-16 or binary. Save it as UTF-8\n',
  )
})

test('the command fails on a stale file, and names it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reference-'))
  mkdirSync(join(folder, 'docs'))
  cpSync('docs/configuration.md', join(folder, 'docs/configuration.md'))
  const reference = readFileSync('.env.example', 'utf8')
  writeFileSync(join(folder, '.env.example'), reference.replace('#PORT=4000', '#PORT=4001'))
  const script = join(import.meta.dirname, '../../src/config/reference.ts')
  const running = promisify(execFile)(process.execPath, [script, '--check'], { cwd: folder })
  await expect(running).rejects.toMatchObject({
    code: 1,
    stderr: 'Stale: .env.example. Run `npm run generate`.\n',
  })
})

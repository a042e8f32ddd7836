/** The packages as npm packs them: their files, the command, and the typed client in frontends. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import type { TestContext } from 'vitest'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { followGateway } from '../support/child-gateway.ts'
import { codeGenerationProbe, expectNoCodeGeneration } from '../support/code-generation.ts'
import { hasRedis, startRedis } from '../support/redis-server.ts'
import { createTestGateway } from '../support/test-gateway.ts'

interface ProgramResult {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. */
function run(program: string, options: readonly string[], cwd = '.'): Promise<ProgramResult> {
  const { promise, resolve: end } = Promise.withResolvers<ProgramResult>()
  execFile(program, options, { cwd }, (error, stdout, stderr) =>
    end({ code: error === null ? 0 : (error.code ?? 'killed'), stdout, stderr }),
  )
  return promise
}

async function runSuccessfully(program: string, options: readonly string[], cwd = '.'): Promise<void> {
  const { code, stderr } = await run(program, options, cwd)
  if (code !== 0) throw new Error(`${program} failed (${code}): ${stderr}`)
}

/** Installations are large, so they are removed after the tests. */
const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'package-'))
  folders.push(folder)
  return folder
}

/** The paths of all files below a folder. */
function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

let tarball: string
let clientTarball: string

beforeAll(async () => {
  const folder = createFolder()
  // Packed for real, even if `npm publish --dry-run` runs the tests. With `nice`, because concurrent
  // tests have deadlines.
  const pack = ['npm', 'pack', '--dry-run=false', '--pack-destination', folder]
  await runSuccessfully('nice', pack)
  await runSuccessfully('nice', [...pack, './dist/client'])
  tarball = join(folder, `callbell-graphql-${packageJson.version}.tgz`)
  clientTarball = join(folder, `callbell-graphql-client-${packageJson.version}.tgz`)
}, 300_000)

/** A folder with the package, and without its dependencies. */
async function unpack(): Promise<{ readonly folder: string; readonly unpacked: string }> {
  const folder = createFolder()
  return { folder, unpacked: await unpackInto(folder, 'callbell-graphql', tarball) }
}

async function unpackInto(folder: string, name: string, file: string): Promise<string> {
  const unpacked = join(folder, 'node_modules', name)
  mkdirSync(unpacked, { recursive: true })
  await runSuccessfully('tar', ['-xzf', file, '--strip-components=1', '-C', unpacked])
  return unpacked
}

/** The source files of the client. */
const clientModules = readdirSync('src/client').flatMap((file) =>
  file.endsWith('.ts') ? basename(file, '.ts') : [],
)
const clientFiles = [
  'LICENSE',
  'README.md',
  'index.cjs',
  'index.js',
  'package.json',
  ...clientModules.flatMap((name) => [`${name}.d.cts`, `${name}.d.ts`]),
]

test('it has the built files, the schema, the documentation and the client’s types, and nothing else', async () => {
  const { unpacked } = await unpack()
  const texts = ['.env.example', 'CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
  const client = ['index.js', ...clientModules.map((name) => `${name}.d.ts`)].map(
    (file) => `dist/client/${file}`,
  )
  const entries = ['cli', 'main'].map((name) => `dist/${name}.js`)
  const built = [
    ...entries,
    'dist/http/playground/page.css',
    'dist/http/playground/start.js',
    'dist/third-party-licenses.txt',
  ]
  const packed = filesBelow(unpacked).map((file) => relative(unpacked, file))
  const schema = filesBelow('schema').filter((file) => file !== 'schema/released.graphql')
  // The bundler names the files that the entries load.
  const loaded = packed.filter((file) => /^dist\/[\w.-]+\.js$/.test(file) && !entries.includes(file))
  expect(loaded).not.toEqual([])
  expect(packed.toSorted()).toEqual(
    [...texts, ...client, ...built, ...loaded, ...schema, ...filesBelow('docs')].toSorted(),
  )
})

test('it includes the license of every bundled package', async () => {
  const { unpacked } = await unpack()
  const licenses = readFileSync(join(unpacked, 'dist/third-party-licenses.txt'), 'utf8')
  const later = new Set(['@graphql-yoga/render-graphiql', '@redis/client', 'jose', 'pino-pretty'])
  const names = Object.keys(packageJson.dependencies).filter(
    (name) => !later.has(name) && (!name.startsWith('@opentelemetry/') || name.endsWith('/api')),
  )
  expect(names.filter((name) => !licenses.includes(`${name} `))).toEqual([])
})

test('it has one copy of graphql-js, the one that Node loads', async () => {
  const { unpacked } = await unpack()
  const built = readdirSync(join(unpacked, 'dist')).filter((file) => file.endsWith('.js'))
  const code = built.map((file) => readFileSync(join(unpacked, 'dist', file), 'utf8')).join('')
  expect(code.match(/node_modules\/graphql\/type\/schema\.m?js/g)).toEqual([
    'node_modules/graphql/type/schema.js',
  ])
})

test.each([
  ['gateway', () => tarball],
  ['client', () => clientTarball],
])('publint finds no problem in the package.json of the %s', async (_name, file) => {
  const { messages } = await publint({
    strict: true,
    pack: { tarball: new Blob([readFileSync(file())]).stream() },
  })
  expect(messages).toEqual([])
})

test('the client’s package has its code and its types, and nothing else', async () => {
  const folder = await unpackInto(createFolder(), 'callbell-graphql-client', clientTarball)
  expect(
    filesBelow(folder)
      .map((file) => relative(folder, file))
      .toSorted(),
  ).toEqual(clientFiles.toSorted())
  const code = ['index.js', 'index.cjs'].map((file) => readFileSync(join(folder, file), 'utf8')).join('')
  expect(code.match(/^import .*|\brequire\(.*/gm)).toBeNull()
})

test('the client’s types fit ES modules and CommonJS for node10, node16 and bundlers', async () => {
  const analysis = await checkPackage(createPackageFromTarballData(readFileSync(clientTarball)))
  if (!analysis.types) expect.fail('the package has no types')
  expect(analysis.problems).toEqual([])
  const files = Object.entries(analysis.entrypoints['.']?.resolutions ?? {}).map(([kind, { resolution }]) => [
    kind,
    basename(resolution?.fileName ?? ''),
  ])
  expect(Object.fromEntries(files)).toEqual({
    node10: 'index.d.cts',
    'node16-cjs': 'index.d.cts',
    'node16-esm': 'index.d.ts',
    bundler: 'index.d.ts',
  })
})

test('the client is installed without the gateway, and runs as ES module and as CommonJS', async () => {
  const folder = createFolder()
  writeFileSync(join(folder, 'package.json'), '{}')
  const options = ['--offline', '--no-audit', '--no-fund', '--dry-run=false']
  await runSuccessfully('nice', ['npm', 'install', ...options, clientTarball], folder)
  expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'callbell-graphql-client',
  ])
  const show = 'console.log(typeof client.once, client.CreateContactDocument.kind)\n'
  writeFileSync(join(folder, 'module.mjs'), `import * as client from 'callbell-graphql-client'\n${show}`)
  writeFileSync(join(folder, 'common.cjs'), `const client = require('callbell-graphql-client')\n${show}`)
  for (const file of ['module.mjs', 'common.cjs']) {
    expect(await run(process.execPath, [file], folder)).toEqual({
      code: 0,
      stdout: 'function Document\n',
      stderr: '',
    })
  }
})

const version = `${packageJson.version}\n`
const advice = 'Environment variables configure the gateway. See callbell-graphql --help\n'

test.each<[string, ProgramResult]>([
  ['--version', { code: 0, stdout: version, stderr: '' }],
  ['-v', { code: 0, stdout: version, stderr: '' }],
  ['--port=4000', { code: 2, stdout: '', stderr: `callbell-graphql: Unknown option '--port'. ${advice}` }],
  ['4000', { code: 2, stdout: '', stderr: `callbell-graphql: Unexpected argument '4000'. ${advice}` }],
])('the command handles or refuses %s, and starts nothing', async (option, expected) => {
  const { unpacked } = await unpack()
  expect(await run(process.execPath, [join(unpacked, 'dist/cli.js'), option])).toEqual(expected)
})

test('the help of the command names a file with every variable', async () => {
  const { unpacked } = await unpack()
  const { stdout, ...rest } = await run(process.execPath, [join(unpacked, 'dist/cli.js'), '--help'])
  expect(rest).toEqual({ code: 0, stderr: '' })
  expect(readFileSync(stdout.trim().split('\n').at(-1) ?? '', 'utf8')).toContain('CALLBELL_API_TOKEN')
})

test('on a Node that is too old the command names the required version', async () => {
  const { unpacked } = await unpack()
  const file = join(unpacked, 'package.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace(packageJson.engines.node, '>=99.1'))
  expect(await run(process.execPath, [join(unpacked, 'dist/cli.js')])).toEqual({
    code: 1,
    stdout: '',
    stderr: `callbell-graphql: Node 99.1 or later is required, and this is Node ${process.versions.node}\n`,
  })
})

/** @returns the folder of the installation; null: the registry is unreachable */
async function install(): Promise<string | null> {
  const folder = createFolder()
  // Otherwise npm searches the parent folders for a package.json.
  writeFileSync(join(folder, 'package.json'), '{}')
  // One retry, instead of npm's minutes, for an unreachable registry.
  const tries = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=1000']
  const options = ['--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', '--dry-run=false', ...tries]
  const { code, stderr } = await run('nice', ['npm', 'install', ...options, tarball], folder)
  if (code === 0) return folder
  if (/\bE(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH)\b/.test(stderr)) return null
  throw new Error(`npm install failed: ${stderr}`)
}

/** Shared by all tests. */
let installation: ReturnType<typeof install> | undefined

/** Skips the test without a registry, but never on CI. */
async function installOrSkip({ skip }: TestContext): Promise<string> {
  const folder = await (installation ??= install())
  if (folder !== null) return folder
  const reason = 'the npm registry can’t be reached'
  return process.env['CI'] === undefined ? skip(reason) : expect.fail(reason)
}

/** Starts a program of the installed package on the sandbox, with none of this process’s other variables. */
function startInstalled(
  program: string,
  options: readonly string[],
  folder: string,
  variables: Readonly<Record<string, string>> = {},
) {
  const child = spawn(program, options, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: '0', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In its own process group, as in a terminal.
    detached: true,
  })
  const group = -(child.pid ?? expect.fail(`${program} did not start`))
  let isClosed = false
  const closed = once(child, 'close').then(() => (isClosed = true))
  onTestFinished(() => {
    if (!isClosed) process.kill(group, 'SIGKILL')
  })
  return { gateway: followGateway(child, folder), killGroup: () => process.kill(group, 'SIGTERM'), closed }
}

async function createContact(url: string): Promise<unknown> {
  const query =
    'mutation { createContact(input: {identifier: "123456789", source: WHATSAPP, name: "John Doe"}) { contact { name } userErrors { message } } }'
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
  return response.json()
}

const created = { data: { createContact: { contact: { name: 'John Doe' }, userErrors: [] } } }

test('npx starts the package from an empty folder', { timeout: 300_000 }, async (context) => {
  const folder = await installOrSkip(context)
  const { gateway, killGroup, closed } = startInstalled('npx', ['callbell-graphql'], folder)
  expect(await createContact(await gateway.url)).toEqual(created)
  killGroup()
  // npx exits at once. The output is closed when the gateway has ended.
  await closed
  expect(gateway.output()).toEqual({
    stdout: expect.stringContaining('SIGTERM: shutting down after the requests in flight'),
    stderr: '',
  })
})

test.for(hasRedis ? ['--', '--workers=2'] : ['--'])(
  'the installed command with %s ends with 0 on SIGTERM',
  { timeout: 300_000 },
  async (option, context) => {
    // Workers need a Redis.
    const variables = option === '--' ? {} : { STORE_URL: (await startRedis()).url }
    const folder = await installOrSkip(context)
    const command = join(folder, 'node_modules/.bin/callbell-graphql')
    const { gateway, closed } = startInstalled(command, [option], folder, variables)
    const url = await gateway.url
    expect(await createContact(url)).toEqual(created)
    const playground = await fetch(url, { headers: { accept: 'text/html' } })
    expect([playground.status, await playground.text()]).toEqual([
      200,
      expect.stringContaining('CreateContact'),
    ])
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    await closed
  },
)

test.for(['cli', 'main'])(
  'the installed %s generates no code from strings',
  { timeout: 300_000 },
  async (name, context) => {
    const folder = await installOrSkip(context)
    const program = join(folder, `node_modules/callbell-graphql/dist/${name}.js`)
    const { gateway, closed } = startInstalled(
      process.execPath,
      ['--import', codeGenerationProbe, program],
      folder,
    )
    expect(await createContact(await gateway.url)).toEqual(created)
    expect(await expectNoCodeGeneration(gateway, 1)).toHaveLength(1)
    gateway.kill('SIGTERM')
    await closed
  },
)

const typescript = resolve('node_modules/typescript/bin/tsc')

/** Type-checks files as a strict frontend does. */
function compile(folder: string, files: readonly string[], options: object): Promise<ProgramResult> {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types: [],
    ...options,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  return run(process.execPath, [typescript, '-p', folder])
}

test.each(['callbell-graphql/dist/client', 'callbell-graphql-client'])(
  'the types of %s need no other package, no browser and no Node',
  async (path) => {
    const { folder } = await createFrontends('http://127.0.0.1:4000/graphql')
    const types = `node_modules/${path}/index.d.ts`
    expect(await compile(folder, [types], { lib: ['es5'] })).toEqual({ code: 0, stdout: '', stderr: '' })
  },
)

test('the client uses nothing that is newer than Node 18', async () => {
  const folder = createFolder()
  const source = resolve('src/client/index.ts')
  const options = {
    target: 'es2020',
    lib: ['es2020', 'dom'],
    module: 'nodenext',
    allowImportingTsExtensions: true,
  }
  expect(await compile(folder, [source], options)).toEqual({ code: 0, stdout: '', stderr: '' })
})

/** A new folder with a frontend for each client library, and the packed client in both packages. */
async function createFrontends(gatewayUrl: string): Promise<{ folder: string; files: string[] }> {
  const { folder } = await unpack()
  await unpackInto(folder, 'callbell-graphql-client', clientTarball)
  for (const library of ['graphql', 'graphql-request', '@apollo', '@urql']) {
    symlinkSync(resolve('node_modules', library), join(folder, 'node_modules', library))
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const files = filesBelow('test/system/consumers').map((file) => basename(file))
  for (const file of files) {
    const source = readFileSync(join('test/system/consumers', file), 'utf8')
    writeFileSync(join(folder, file), source.replace('http://127.0.0.1:4000/graphql', gatewayUrl))
  }
  return { folder, files }
}

test.each([
  ['Node', { module: 'nodenext' }],
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler' }],
])('frontends for %s compile with the packed client, and their mistakes do not', async (_name, options) => {
  const { folder, files } = await createFrontends('http://127.0.0.1:4000/graphql')
  expect(files.toSorted()).toEqual([
    'apollo.ts',
    'graphql-request.ts',
    'mistakes.ts',
    'once.ts',
    'send-apollo.ts',
    'send-fetch.ts',
    'send-graphql-request.ts',
    'send-urql.ts',
  ])
  const lib = ['es2024', 'dom']
  const checked = await compile(folder, files, {
    target: 'es2024',
    lib,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    ...options,
  })
  expect(checked).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('a contact that graphql-request creates is read by Apollo', async () => {
  const { url, sandbox } = await createTestGateway()
  const { folder } = await createFrontends(url)
  const creating = await run(process.execPath, ['graphql-request.ts'], folder)
  expect(creating).toEqual({ code: 0, stdout: 'Giulia Bianchi []\n', stderr: '' })
  const reading = await run(process.execPath, ['apollo.ts'], folder)
  expect(reading).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^Giulia Bianchi [0-9a-f]{32}\n$/),
    stderr: '',
  })
  expect(sandbox.requests.map(({ method }) => method)).toEqual(['POST', 'GET'])
})

test('the packed client creates a contact once', async () => {
  const { url, sandbox } = await createTestGateway()
  const { folder } = await createFrontends(url)
  sandbox.failNext({ on: 'POST', status: 502, body: '<html>', afterWork: true })
  expect(await run(process.execPath, ['once.ts'], folder)).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^created Giulia Bianchi (?:true|false)\n$/),
    stderr: '',
  })
  expect(sandbox.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
})

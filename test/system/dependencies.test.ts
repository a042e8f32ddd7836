import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }

interface LockedPackage {
  readonly version: string
  readonly integrity?: string
  /** The URL of the package, if the lock file has it. */
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly dev?: boolean
}

const lock: { readonly lockfileVersion: number; readonly packages: Readonly<Record<string, LockedPackage>> } =
  JSON.parse(readFileSync('package-lock.json', 'utf8'))
/** All packages by folder. The entry without a folder is this package. */
const locked = Object.entries(lock.packages).filter(([folder]) => folder !== '')
const direct = Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies })

test('every package is locked with the hash of its contents', () => {
  const unknown = locked.filter(([, { integrity = '' }]) => !/^sha512-[\w+/]{86}==$/.test(integrity))
  expect(lock.lockfileVersion).toBe(3)
  expect(locked.length).toBeGreaterThan(direct.length)
  expect(unknown).toEqual([])
})

test('every package comes from the npm registry', () => {
  const sources = locked.flatMap(([, { resolved }]) => resolved ?? [])
  expect(sources.filter((source) => !source.startsWith('https://registry.npmjs.org/'))).toEqual([])
})

test('only one package may run an install script, at one version', () => {
  const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript)
  expect(scripted.map(([folder, { version }]) => `${folder}@${version}`)).toEqual([
    'node_modules/node@24.21.0',
  ])
  expect(packageJson.allowScripts).toEqual({ 'node@24.21.0': true })
})

test('every direct dependency has an exact version, and is locked at it', () => {
  expect(direct.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([])
  expect(direct.map(([name]) => [name, lock.packages[`node_modules/${name}`]?.version])).toEqual(direct)
})

test('the bill of materials lists every production package', () => {
  // With `--omit=dev`, npm would omit packages that dev dependencies need, too, such as graphql.
  const bill: { readonly components: readonly { readonly name: string; readonly version: string }[] } =
    JSON.parse(execFileSync('npm', ['run', '--silent', 'sbom'], { encoding: 'utf8' }))
  const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`))
  const wanted = locked.filter(([, { dev = false }]) => !dev)
  const names = wanted.map(([folder, { version }]) => `${folder.replace(/^.*node_modules\//, '')}@${version}`)
  expect(names).toContain(`graphql@${packageJson.dependencies.graphql}`)
  expect(names.filter((name) => !listed.has(name))).toEqual([])
})

const readOfBench = (file: string): string => readFileSync(`test/bench/${file}`, 'utf8')

test('the packages of the benchmark are locked with their hashes, and run no script', () => {
  const benchLock: typeof lock = JSON.parse(readOfBench('package-lock.json'))
  const { dependencies }: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
    readOfBench('package.json'),
  )
  const packages = Object.entries(benchLock.packages).filter(([folder]) => folder !== '')
  expect(packages.filter(([, { integrity = '' }]) => !/^sha512-[\w+/]{86}==$/.test(integrity))).toEqual([])
  const sources = packages.flatMap(([, { resolved }]) => resolved ?? [])
  expect(sources.filter((source) => !source.startsWith('https://registry.npmjs.org/'))).toEqual([])
  expect(
    Object.keys(dependencies).map((name) => [name, benchLock.packages[`node_modules/${name}`]?.version]),
  ).toEqual(Object.entries(dependencies))
  expect(readOfBench('.npmrc')).toMatch(/^ignore-scripts=true$/m)
  // The benchmark and the gateway have the same versions of shared packages.
  const shared = Object.entries(dependencies).filter(([name]) => name in packageJson.dependencies)
  expect(shared.map(([name]) => name)).toEqual(['graphql', 'graphql-yoga', 'undici'])
  expect(packageJson.dependencies).toMatchObject(Object.fromEntries(shared))
})

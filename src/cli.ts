#!/usr/bin/env node
/**
 * The command `callbell-graphql`. It loads the gateway only after checking the version of Node, so this file
 * must run on older versions, too.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

interface PackageJson {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly engines: { readonly node: string }
}

const packageJson: PackageJson = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const { name, version, description, engines } = packageJson
const oldestNode = engines.node.replace('>=', '')

const help = `${name} ${version}: ${description}.

  ${name}
      starts the gateway on a built-in sandbox: no account, no network
  CALLBELL_API_TOKEN='your token' ${name}
      starts the gateway on your account

  --workers [n]  runs n processes that share one port, by default one for each core.
                 It needs Redis: set STORE_URL to redis://<host>
  --help, -h     prints this help
  --version, -v  prints the version

Environment variables configure the gateway. A file .env in the current folder can set them.
All variables are described in
${fileURLToPath(new URL('../.env.example', import.meta.url))}
`

function fail(message: string, exitCode: number): void {
  process.stderr.write(`${name}: ${message}\n`)
  process.exitCode = exitCode
}

interface CliArguments {
  readonly workers?: string
  readonly help?: boolean
  readonly version?: boolean
  readonly problem?: string
}

function readArguments(): CliArguments {
  const given = process.argv.slice(2)
  // Node's `parseArgs` has no options with an optional value.
  const args = given.map((arg, at) =>
    arg === '--workers' && (given[at + 1] ?? '-').startsWith('-') ? '--workers=auto' : arg,
  )
  try {
    return parseArgs({
      args,
      options: {
        workers: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    }).values
  } catch (error) {
    // Node's second sentence is advice for commands with file names.
    return { problem: String(error instanceof Error ? error.message.split('. ')[0] : error) }
  }
}

async function run(): Promise<void> {
  if (process.versions.node.localeCompare(oldestNode, 'en', { numeric: true }) < 0) {
    fail(`Node ${oldestNode} or later is required, and this is Node ${process.versions.node}`, 1)
    return
  }
  const given = readArguments()
  if (given.problem !== undefined) {
    fail(`${given.problem}. Environment variables configure the gateway. See ${name} --help`, 2)
  } else if (given.help) {
    process.stdout.write(help)
  } else if (given.version) {
    process.stdout.write(`${version}\n`)
  } else {
    // All settings come from the environment, and are validated there.
    if (given.workers !== undefined) process.env['GATEWAY_WORKERS'] = given.workers
    await import('./main.ts')
  }
}

await run()

#!/usr/bin/env node
/**
 * The command `callbell-graphql`. It loads the gateway only when it is known that this Node can run
 * it, so what is written here must be understood by the older ones, too.
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
      starts it on a built-in sandbox: no account, no network
  CALLBELL_API_TOKEN='your token' ${name}
      starts it on your account

  --workers [n]  serves by so many processes, which share one port; without a number, one for each core
  --help, -h     this text
  --version, -v  its version

Environment variables configure it, or a file .env in the folder that it is started in. All of them:
${fileURLToPath(new URL('../.env.example', import.meta.url))}
`

function fail(message: string, exitCode: number): void {
  process.stderr.write(`${name}: ${message}\n`)
  process.exitCode = exitCode
}

interface Arguments {
  readonly workers?: string
  readonly help?: boolean
  readonly version?: boolean
  readonly problem?: string
}

function readArguments(): Arguments {
  const given = process.argv.slice(2)
  // Node knows no option that may have a value.
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
    // Node's second sentence is advice for commands that take file names.
    return { problem: String(error instanceof Error ? error.message.split('. ')[0] : error) }
  }
}

async function run(): Promise<void> {
  if (process.versions.node.localeCompare(oldestNode, 'en', { numeric: true }) < 0) {
    fail(`needs Node ${oldestNode} or later, and this is Node ${process.versions.node}`, 1)
    return
  }
  const given = readArguments()
  if (given.problem !== undefined) {
    fail(`${given.problem}. Environment variables configure it: see ${name} --help`, 2)
  } else if (given.help) {
    process.stdout.write(help)
  } else if (given.version) {
    process.stdout.write(`${version}\n`)
  } else {
    // The one way in for settings is the environment, and there it is judged.
    if (given.workers !== undefined) process.env['GATEWAY_WORKERS'] = given.workers
    await import('./main.ts')
  }
}

await run()

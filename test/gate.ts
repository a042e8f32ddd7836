/**
 * `npm test`: all checks and all tests at the same time. Tests often wait for servers and clocks, and the checks use
 * that time. The output of a check is printed at the end, and only if it fails.
 */
import type { StdioOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** One after the other, the cheapest first: together they would need all cores and more memory. */
const checks = ['check:format', 'check:generated', 'check:unused', 'check:types', 'check:lint']

interface Ended {
  readonly name: string
  readonly isGood: boolean
  readonly output: string
}

async function run(name: string, stdio: StdioOptions): Promise<Ended> {
  const child = spawn('npm', ['run', '--silent', name], { stdio })
  const [[code], ...output] = await Promise.all([
    once(child, 'exit'),
    ...[child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')),
  ])
  return { name, isGood: code === 0, output: output.join('') }
}

async function runChecks(): Promise<Ended[]> {
  const ended: Ended[] = []
  for (const name of checks) ended.push(await run(name, ['ignore', 'pipe', 'pipe']))
  return ended
}

const all = (await Promise.all([run('test:all', 'inherit'), runChecks()])).flat()
for (const { name, isGood, output } of all) {
  process.stdout.write(isGood ? `passed: npm run ${name}\n` : `${output}\nFAILED: npm run ${name}\n`)
}
process.exitCode = all.every(({ isGood }) => isGood) ? 0 : 1

/**
 * `npm run bench:abuse`: measures what one caller can do to another. For each attack, one attacker and one honest
 * caller against a gateway with a heap of 256 MB, each a process of its own, as is the upstream. Prints what
 * the honest caller met without and with the attack, what the gateway used, and whether it survived.
 *
 *   --seconds 3              of each attack; some need longer
 *   --only livez,full-redis  which attacks
 *   --list                   prints the attacks, and runs none
 *   --write                  into docs/abuse.md
 *   --file docs/abuse.md      into another file with the same marks
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { attacks } from './abuse/attacks.ts'
import type { Measured } from './abuse/measure.ts'
import { measureAttack, startUpstream } from './abuse/measure.ts'
import { readOptions } from './abuse/options.ts'
import { hasRedis } from './abuse/redis.ts'
import { marks, renderReport } from './abuse/report.ts'
import { describeMachine, isPinned, load, pinSelf } from './cost/machine.ts'
import { createProgress } from './cost/progress.ts'
import { replaceReport } from './cost/page.ts'
import { orEnd } from './or-end.ts'

const root = join(import.meta.dirname, '../..')
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const names = attacks.map(({ name }) => name)
const page = join(root, 'docs/abuse.md')
const options = orEnd(() => readOptions(process.argv.slice(2), names, page))
const loadBefore = load()
const chosen = attacks
  .filter(({ name }) => options.only.includes(name))
  .filter(({ store }) => store === undefined || hasRedis)

function notes(): string[] {
  const parts = [
    `Each attack runs for ${options.seconds} s, and the honest caller alone for half as long before it`,
    'The honest caller sends 20 requests a second with a key of its own, creates and reads alternately',
    'The gateway has default limits and a heap of 256 MB',
    `Machine: ${describeMachine()}`,
    isPinned ? 'The gateway has a core of its own' : 'No core is kept for the gateway',
  ]
  return [
    `\`a → b\`: without and with the attack. CPU is in seconds for each second of the attack. ${parts.join('. ')}.`,
    ...(loadBefore > 1
      ? [
          `Other work ran on the machine at the same time (load average ${loadBefore.toFixed(1)} at the start).`,
        ]
      : []),
    ...(hasRedis ? [] : ['There is no redis-server on the PATH: the attacks that need one are left out.']),
  ]
}

async function measureAll(): Promise<Measured[]> {
  const progress = createProgress(chosen.length)
  const upstream = await startUpstream()
  const all: Measured[] = []
  try {
    for (const attack of chosen) {
      progress.step(attack.name)
      all.push(await measureAttack(attack, { upstreamUrl: upstream.url, seconds: options.seconds }))
    }
  } finally {
    progress.end()
    await upstream.end()
  }
  return all
}

async function run(): Promise<void> {
  say('building the gateway (npm run build)')
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  pinSelf()
  const style = { ...(await resolveConfig(page)), parser: 'markdown' }
  const report = await format(renderReport(notes(), await measureAll()), style)
  say(report)
  if (!options.write) return
  const written = replaceReport(readFileSync(options.file, 'utf8'), report.trim(), marks)
  writeFileSync(options.file, await format(written, style))
  say(`written into ${options.file}`)
}

if (options.list) for (const { name, what } of attacks) say(`${name.padEnd(22)} ${what}`)
else await run()

/**
 * One attack, as a process of its own: what the attacker costs must not be what the honest caller waits
 * for. It prints `ready` when it begins and, on SIGTERM its results, as JSON.
 *
 *   node attack-process.ts <name> <url> <seconds>
 */
import { setPriority } from 'node:os'
import { attacks } from './attacks.ts'
import { createAttacker } from './attacker.ts'
import { apiKeys } from './scene.ts'

/** It shares its cores with the honest caller and the upstream, which go first. */
const niceness = 19
/** It ends by itself if there is no SIGTERM. */
const graceMs = 30_000

const [, , name, url = '', seconds] = process.argv
const attack = attacks.find((one) => one.name === name)
if (attack === undefined) throw new Error(`there is no attack ${name}`)
setPriority(niceness)
const over = new AbortController()
process.once('SIGTERM', () => over.abort())
// Not unreferenced: connections that neither read nor write keep no process alive.
setTimeout(() => over.abort(), Number(seconds) * 1000 + graceMs)
const { attacker, report } = createAttacker({
  url: new URL(url),
  key: apiKeys.attacker,
  signal: over.signal,
})
process.stdout.write('ready\n')
const start = performance.now()
const before = process.cpuUsage()
await attack.run(attacker)
const { user, system } = process.cpuUsage(before)
const cpu = (user + system) / 1000 / (performance.now() - start)
process.stdout.write(`${JSON.stringify({ ...report(), cpu })}\n`, () => process.exit(0))

/**
 * `npm run bench`: what a request costs through this gateway, through servers that one could have
 * written instead, and through a bare proxy; on this machine, with one upstream and one load. Prints
 * tables; with `--write` it puts them into docs/performance.md, and their chart beside it.
 *
 *   --quick                  a few minutes: fewer rounds, requests and seconds
 *   --rounds 5               how often each server is measured
 *   --requests 20000         how many each time
 *   --only gateway,yoga      which servers, beside the bare proxy
 *   --series fields,latency  which of the series; `--series ''`: none
 *   --write                  into docs/performance.md and docs/performance.svg
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { renderChart } from './cost/chart.ts'
import { measureExtras, stepsOfExtras } from './cost/extras.ts'
import { measureLatency } from './cost/latency.ts'
import { describeMachine, isPinned, load, pinSelf } from './cost/machine.ts'
import type { FirstAnswer } from './cost/measure.ts'
import { firstAnswer } from './cost/measure.ts'
import { measureMemory } from './cost/memory.ts'
import { estimateMinutes, readOptions } from './cost/options.ts'
import { orEnd } from './or-end.ts'
import { createProgress } from './cost/progress.ts'
import { replaceReport } from './cost/page.ts'
import type { ColdStarts } from './cost/report.ts'
import { byCost, renderReport } from './cost/report.ts'
import { compareAnswers, connections, measureRounds, ratios } from './cost/rounds.ts'
import type { SeriesName } from './cost/series.ts'
import { measureSeries, stepsOf } from './cost/series.ts'
import type { RunningServer } from './cost/servers.ts'
import { titles, withServer } from './cost/servers.ts'
import { startUpstream } from './cost/upstream.ts'

const coldStarts = 5

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const root = join(import.meta.dirname, '../..')
const file = join(root, 'docs/performance.md')
const style = { ...(await resolveConfig(file)), parser: 'markdown' }

/** @param report Markdown */
async function show(report: string): Promise<void> {
  say(await format(report, style))
}

const npm = (...args: string[]): void =>
  void execFileSync('npm', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })

const options = orEnd(() => readOptions(process.argv.slice(2)))
/** Before it is this benchmark's own. */
const loadBefore = load()

if (!existsSync(join(import.meta.dirname, 'node_modules'))) {
  say('installing the servers to compare with, into test/bench/node_modules (npm ci, without their scripts)')
  npm('ci', '--prefix', import.meta.dirname, '--no-audit', '--no-fund')
}
say('building the gateway (npm run build)')
npm('run', 'build')
say(`this takes up to ${estimateMinutes(options)} min`)
if (loadBefore > 1) {
  say(`the machine is not quiet (load average ${loadBefore.toFixed(1)}): ratios hold, times less so`)
}

pinSelf()
const upstream = await startUpstream()

const answerFirst = (server: RunningServer): Promise<FirstAnswer> => firstAnswer('gateway', server)

/** Sequentially, each in a new process. */
async function measureColdStarts(main: string): Promise<number[]> {
  const all: number[] = []
  for (let run = 0; run < coldStarts; run += 1) {
    const first = await withServer('gateway', upstream.url, answerFirst, { main })
    all.push(first.coldStart)
  }
  return all
}

const has = (name: (typeof options.series)[number]): boolean => options.series.includes(name)
/** How often the progress of a series is printed. */
function stepsOfAny(name: (typeof options.series)[number]): number {
  if (name === 'latency') return 3
  if (name === 'extras') return stepsOfExtras(options)
  return name === 'memory' ? 1 : stepsOf(name, options)
}
const isGatewayMeasured = options.only.includes('gateway')
const progress = createProgress(
  1 +
    options.only.length * options.rounds +
    (isGatewayMeasured ? 1 : 0) +
    options.series.reduce((sum, name) => sum + stepsOfAny(name), 0),
)

async function measureColdStartsOfBoth(): Promise<ColdStarts> {
  progress.step('cold starts')
  return {
    built: await measureColdStarts('dist/main.js'),
    source: await measureColdStarts('src/main.ts'),
  }
}

function versions(): string {
  const text = readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')
  const { dependencies }: { dependencies: Readonly<Record<string, string>> } = JSON.parse(text)
  return Object.entries(dependencies)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

function notes(): string[] {
  const parts = [
    `Measured with ${connections} connections in a closed loop, in ${options.rounds} rounds of ${options.requests.toLocaleString('en-US')} requests each after ${options.warmUp.toLocaleString('en-US')} to warm up`,
    'The servers of a round are in random order, each one process',
    `Upstream: ${upstream.name}, always with the same contact`,
    `Machine: ${describeMachine()}`,
    isPinned
      ? 'The server has a core of its own, the load and the upstream have the others'
      : 'No core is kept for the server',
  ]
  return [
    ...(options.isQuick
      ? ['A quick run: V8 is still compiling hot code, and close servers may change places in the next one.']
      : []),
    `Each cell has the ratio to the bare proxy of the same round: the median over the rounds, and in brackets the least and the greatest. The median of the value itself follows. ${parts.join('. ')}.`,
    `The gateway runs with its defaults: an API key, the limits of documents and bodies, the checks of input and answer, and metrics. Both rate limits are too high to delay anything. It writes no log entry for each request here (\`LOG_LEVEL=warn\`), and no create has a key. A table below has the cost of those. The others check what GraphQL itself checks, and forward. Versions: ${versions()}.`,
    ...(loadBefore > 1
      ? [
          `Other work ran on the machine at the same time (load average ${loadBefore.toFixed(1)} at the start): compare ratios, not times.`,
        ]
      : []),
  ]
}

async function measure() {
  progress.step('comparing the answers')
  await compareAnswers(options.only, upstream.url)
  const rounds = await measureRounds(options, upstream.url, progress)
  progress.end()
  // The rest takes its time, and may be interrupted.
  if (options.series.length > 0) await show(renderReport({ notes: notes(), rounds }))
  const series = (name: SeriesName) => measureSeries(name, options, upstream.url, progress)
  return {
    rounds,
    coldStarts: isGatewayMeasured ? await measureColdStartsOfBoth() : undefined,
    fields: has('fields') ? await series('fields') : undefined,
    aliases: has('aliases') ? await series('aliases') : undefined,
    connections: has('connections') ? await series('connections') : undefined,
    extras: has('extras') ? await measureExtras(options, upstream.url, progress) : undefined,
    latency: has('latency') ? await measureLatency(options, upstream.url, progress) : undefined,
    memory: has('memory') ? await measureMemory(options, upstream.url, progress) : undefined,
  }
}

const results = await measure().finally(async () => {
  progress.end()
  await upstream.end()
})
const report = renderReport({ notes: notes(), ...results })
const bars = byCost(results.rounds).map((name) => ({
  title: titles[name],
  ratio: ratios(results.rounds, name, 'cpu'),
  isOurs: name === 'gateway',
}))
const heading = 'CPU time per createContact, as a ratio to a bare Node proxy'
await show(report)
if (options.write) {
  const picture = `![${heading}. ${bars.map(({ title, ratio }) => `${title} ${ratio.median.toFixed(1)}`).join('. ')}](performance.svg)`
  const page = replaceReport(readFileSync(file, 'utf8'), `${picture}\n\n${report}`)
  writeFileSync(file, await format(page, style))
  writeFileSync(join(root, 'docs/performance.svg'), renderChart(heading, bars))
  say('written into docs/performance.md and docs/performance.svg')
}

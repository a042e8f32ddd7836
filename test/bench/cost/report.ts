/** From measurements to the report, in Markdown: what the terminal and docs/performance.md show. */
import type { Extra } from './extras.ts'
import type { Measurement } from './measure.ts'
import { figures, ratios } from './rounds.ts'
import type { Rounds } from './rounds.ts'
import type { Latency } from './latency.ts'
import { latencyRate } from './latency.ts'
import type { MemorySeries } from './memory.ts'
import type { Series } from './series.ts'
import type { ServerName } from './servers.ts'
import { titles } from './servers.ts'
import { median, spread } from './statistics.ts'

export interface ColdStarts {
  /** Milliseconds, of the gateway as it is built, and of `npm start`. */
  readonly built: readonly number[]
  readonly source: readonly number[]
}

export interface Results {
  /** What it was measured on and with: a sentence each. */
  readonly notes: readonly string[]
  readonly rounds: Rounds
  readonly coldStarts?: ColdStarts | undefined
  readonly fields?: Series | undefined
  readonly aliases?: Series | undefined
  readonly connections?: Series | undefined
  readonly extras?: readonly Extra[] | undefined
  readonly latency?: readonly Latency[] | undefined
  readonly memory?: MemorySeries | undefined
}

/** Three digits, or all before the point. */
export function digits(value: number): string {
  if (Number.isNaN(value)) return '?'
  const decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toFixed(decimals)
}

/** With a comma for each thousand. */
const count = (value: number): string => Math.round(value).toLocaleString('en-US')

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '--:'))), ...rows.map(line)].join(
    '\n',
  )
}

/** The servers, from the cheapest to the most expensive. */
export const byCost = (rounds: Rounds): readonly ServerName[] =>
  [...rounds.keys()].toSorted(
    (left, right) => ratios(rounds, left, 'cpu').median - ratios(rounds, right, 'cpu').median,
  )

const columns: readonly {
  readonly head: string
  readonly figure: keyof Measurement
  readonly unit: string
}[] = [
  { head: 'CPU per request', figure: 'cpu', unit: 'µs' },
  { head: 'throughput', figure: 'throughput', unit: '/s' },
  { head: 'p50', figure: 'p50', unit: 'ms' },
  { head: 'p99', figure: 'p99', unit: 'ms' },
  { head: 'memory after the load', figure: 'memory', unit: 'MiB' },
  { head: 'cold start', figure: 'coldStart', unit: 'ms' },
]

function mainTable(rounds: Rounds): string {
  return table(
    ['server', ...columns.map(({ head }) => head)],
    byCost(rounds).map((name) => [
      name === 'gateway' ? `**${titles[name]}**` : titles[name],
      ...columns.map(({ figure, unit }) => {
        const value = figures(rounds, name, figure).median
        const { min, median: middle, max } = ratios(rounds, name, figure)
        const text = unit === '/s' ? count(value) : digits(value)
        return `**${digits(middle)}** (${digits(min)}–${digits(max)}), ${text} ${unit}`
      }),
    ]),
  )
}

function seriesTable(what: string, { points, measured }: Series, divisor: (point: number) => number): string {
  const names = [...measured.keys()]
  const cell = (name: ServerName, index: number, point: number): string =>
    `${digits((measured.get(name)?.[index]?.cpu ?? Number.NaN) / divisor(point))} µs`
  return table(
    [what, ...names.map((name) => titles[name])],
    points.map((point, index) => [String(point), ...names.map((name) => cell(name, index, point))]),
  )
}

function connectionsTable({ points, measured }: Series): string {
  const names = [...measured.keys()]
  return table(
    ['connections', ...names.flatMap((name) => [titles[name], 'throughput', 'p99'])],
    points.map((point, index) => [
      String(point),
      ...names.flatMap((name) => {
        const { cpu = NaN, throughput = NaN, p99 = NaN } = measured.get(name)?.[index] ?? {}
        return [`${digits(cpu)} µs`, `${count(throughput)} /s`, `${digits(p99)} ms`]
      }),
    ]),
  )
}

function extrasTable(extras: readonly Extra[]): string {
  return table(
    [`${titles.gateway}, and with`, 'CPU per create', 'throughput', 'p99'],
    extras.map(({ what, measured: { cpu, throughput, p99 } }) => [
      what,
      `${digits(cpu)} µs`,
      `${count(throughput)} /s`,
      `${digits(p99)} ms`,
    ]),
  )
}

const signed = (value: number, decimals: number): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(decimals)}`

const figuresOf = ({ p50, p99, p999 }: Latency): readonly number[] => [p50, p99, p999]

function latencyTable([alone, ...others]: readonly Latency[]): string {
  const base = alone ? figuresOf(alone) : []
  return table(
    [`at ${latencyRate} requests a second`, 'p50', 'p99', 'p99.9'],
    [
      ...(alone ? [[alone.way, ...base.map((value) => `${value.toFixed(2)} ms`)]] : []),
      ...others.map((latency) => [
        latency.way,
        ...figuresOf(latency).map(
          (value, index) => `${value.toFixed(2)} ms (${signed(value - (base[index] ?? 0), 2)})`,
        ),
      ]),
    ],
  )
}

function memoryText({ points, growth }: MemorySeries): string {
  const total = points.at(-1)?.[0] ?? 0
  const half = points.slice(Math.ceil(points.length / 2)).map(([, mebibytes]) => mebibytes)
  const { min, max } = spread(half)
  const listed = points.map(([, mebibytes]) => digits(mebibytes)).join(' · ')
  return `Memory over ${count(total)} requests, in MiB at the start and after each ${count(total / (points.length - 1))}: ${listed}. Over the second half it is between ${digits(min)} and ${digits(max)}, with a trend of ${signed(growth, 1)} MiB from its start to its end.`
}

export function renderReport(results: Results): string {
  const { rounds, coldStarts, fields, aliases, connections, extras, latency, memory } = results
  const gateway = figures(rounds, 'gateway', 'memoryAtStart').median
  return [
    results.notes[0] ?? '',
    mainTable(rounds),
    ...results.notes.slice(1),
    ...(Number.isNaN(gateway)
      ? []
      : [`After its first answer the gateway has ${digits(gateway)} MiB of memory.`]),
    ...(coldStarts
      ? [
          `From its start to its first created contact it takes ${digits(median(coldStarts.built))} ms as the installed command, and ${digits(median(coldStarts.source))} ms as \`npm start\`, which reads TypeScript (npm’s own time left out).`,
        ]
      : []),
    ...(fields ? [seriesTable('selected fields: CPU per request', fields, () => 1)] : []),
    ...(aliases ? [seriesTable('creates in one request: CPU per create', aliases, (point) => point)] : []),
    ...(connections ? [connectionsTable(connections)] : []),
    ...(extras ? [extrasTable(extras)] : []),
    ...(latency ? [latencyTable(latency)] : []),
    ...(memory ? [memoryText(memory)] : []),
  ].join('\n\n')
}

/** From measurements to the report, in Markdown: what the terminal and docs/abuse.md show. Pure. */
import type { Marks } from '../cost/page.ts'
import { digits, table } from '../cost/report.ts'
import type { Measured } from './measure.ts'
import type { Experience } from './samples.ts'

export const marks: Marks = { begin: '<!-- abuse:begin -->', end: '<!-- abuse:end -->' }

/** Of the answers that the attacker got, the most frequent are shown. */
const mostAnswers = 4
/** A CPU is as good as busy from here on. */
const busy = 0.9
/** Milliseconds. */
const notablyLate = 20

const milliseconds = (value: number): string => (Number.isNaN(value) ? '–' : digits(value))

function change(before: number, during: number): string {
  return `${milliseconds(before)} → ${milliseconds(during)} ms`
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** The most frequent first. */
function countsOf(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts)
    .toSorted(([, one], [, other]) => other - one)
    .map(([what, count]) => `${what} × ${count.toLocaleString('en-US')}`)
}

function wrongOf({ requests, wrong }: Experience): string {
  const all = sum(wrong)
  return all === 0 ? `0 of ${requests}` : `${all} of ${requests}: ${countsOf(wrong).join(', ')}`
}

function survivalOf({ ending, after, readiness }: Measured): string {
  if (ending !== undefined) return `**no: ${ending}**`
  if (sum(after.wrong) === after.requests) return '**hangs**'
  return readiness === 200 ? 'yes' : `yes, \`/readyz\` says ${readiness ?? 'nothing'}`
}

function answersOf({ answers }: Measured): string {
  const all = countsOf(answers)
  if (all.length === 0) return 'none'
  const rest = all.length - mostAnswers
  return [...all.slice(0, mostAnswers), ...(rest > 0 ? [`${rest} others`] : [])].join(', ')
}

const head = [
  'attack',
  'honest caller’s p50',
  'p99',
  'wrong or no answers',
  'peak memory',
  'CPU',
  'survives',
  'the attacker is answered',
]

function rowOf(measured: Measured): string[] {
  const { name, what, before, during, peak, cpu } = measured
  return [
    `**${name}**: ${what}`,
    change(before.p50, during.p50),
    change(before.p99, during.p99),
    wrongOf(during),
    `${digits(peak)} MiB`,
    digits(cpu),
    survivalOf(measured),
    answersOf(measured),
  ]
}

function namesWhere(all: readonly Measured[], is: (measured: Measured) => boolean): string {
  return all
    .filter(is)
    .map(({ name }) => name)
    .join(', ')
}

/** What makes a row say less than it seems to. */
function caveats(all: readonly Measured[]): string[] {
  const bottleneck = namesWhere(all, ({ attackerCpu }) => attackerCpu > busy)
  const late = namesWhere(all, ({ during }) => during.late > notablyLate)
  const unwell = namesWhere(all, ({ before }) => sum(before.wrong) > 0)
  return [
    ...(bottleneck === ''
      ? []
      : [`The attacker’s own core was busy in: ${bottleneck}. More of it would do more.`]),
    ...(late === '' ? [] : [`The honest caller itself was more than ${notablyLate} ms late in: ${late}.`]),
    ...(unwell === '' ? [] : [`Answers were wrong even before the attack in: ${unwell}.`]),
  ]
}

/** @param notes what it was measured on and with: a paragraph each */
export function renderReport(notes: readonly string[], all: readonly Measured[]): string {
  return [...notes, table(head, all.map(rowOf)), ...caveats(all)].join('\n\n')
}

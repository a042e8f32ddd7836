/** The statistics and the report of the benchmark, which writes docs/performance.md. */
import { readFileSync } from 'node:fs'
import { parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../../../src/schema.ts'
import { renderChart } from '../../../bench/cost/chart.ts'
import { readAnswer } from '../../../bench/cost/connection.ts'
import type { Measurement } from '../../../bench/cost/measure.ts'
import { readOptions } from '../../../bench/cost/options.ts'
import { aliased, createContact, mostFields, selecting } from '../../../bench/cost/operations.ts'
import { begin, end, replaceReport } from '../../../bench/cost/page.ts'
import { renderReport } from '../../../bench/cost/report.ts'
import type { ServerName } from '../../../bench/cost/servers.ts'
import { median, percentile, slope, spread } from '../../../bench/cost/statistics.ts'

test.each([
  [[3], { min: 3, median: 3, max: 3 }],
  [[10, 9], { min: 9, median: 9.5, max: 10 }],
  [[10, 1, 9], { min: 1, median: 9, max: 10 }],
  [[4, 1, 2, 8], { min: 1, median: 3, max: 8 }],
])('the spread of %j has minimum, median and maximum', (samples, expected) => {
  expect(spread(samples)).toEqual(expected)
})

test('no samples have no statistics', () => {
  expect([median([]), percentile([], 50), spread([]).min]).toEqual([NaN, NaN, NaN])
})

test('a percentile is one of the samples', () => {
  const samples = Array.from({ length: 1000 }, (_, number) => 1000 - number)
  expect([50, 99, 99.9, 100].map((percent) => percentile(samples, percent))).toEqual([500, 990, 999, 1000])
})

test('a slope is that of the least squares', () => {
  expect(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
  ).toBe(2)
  expect(
    slope([
      [0, 1],
      [1, 4],
      [2, 1],
    ]),
  ).toBe(0)
})

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
test.each([
  ['nothing', '', undefined],
  ['half a head', head, undefined],
  ['a head', `${head}content-length: 4\r\n\r\n`, undefined],
  ['half a body', `${head}content-length: 4\r\n\r\nab`, undefined],
  ['a body', `${head}Content-Length: 4\r\n\r\nabcd`, 'abcd'],
  ['a chunk', `${head}transfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n`, undefined],
  [
    'all chunks',
    `${head}transfer-encoding: chunked\r\n\r\n4\r\nabcd\r\na\r\nefghijklmn\r\n0\r\n\r\n`,
    'abcdefghijklmn',
  ],
])('%s of a response is read as complete or incomplete', (_, text, body) => {
  const answer = readAnswer(Buffer.from(text))
  expect(answer && { status: answer.status, body: answer.body.toString() }).toEqual(
    body === undefined ? undefined : { status: 200, body },
  )
})

test('the documents of the benchmark are valid', () => {
  const documents = [createContact, aliased(10), ...[1, 20, mostFields].map(selecting)]
  expect(documents.flatMap((document) => validate(schema, parse(document)))).toEqual([])
  expect(mostFields).toBe(22)
})

const measurement = (cpu: number): Measurement => ({
  cpu,
  throughput: 1_000_000 / cpu,
  p50: cpu / 10,
  p99: cpu / 5,
  memoryAtStart: 100,
  memory: 150,
  coldStart: 500,
})
const rounds = new Map<ServerName, readonly Measurement[]>([
  ['gateway', [100, 120, 300].map(measurement)],
  ['bare-proxy', [50, 40, 100].map(measurement)],
])
test('a ratio is to the bare proxy of the same round', () => {
  const [, , , , bare, gateway] = renderReport({ notes: ['a note'], rounds }).split('\n')
  expect(bare).toBe(
    '| bare Node proxy | **1.00** (1.00–1.00), 50.0 µs | **1.00** (1.00–1.00), 20,000 /s | **1.00** (1.00–1.00), 5.00 ms | **1.00** (1.00–1.00), 10.0 ms | **1.00** (1.00–1.00), 150 MiB | **1.00** (1.00–1.00), 500 ms |',
  )
  expect(gateway).toBe(
    '| **callbell-graphql with defaults** | **3.00** (2.00–3.00), 120 µs | **0.33** (0.33–0.50), 8,333 /s | **3.00** (2.00–3.00), 12.0 ms | **3.00** (2.00–3.00), 24.0 ms | **1.00** (1.00–1.00), 150 MiB | **1.00** (1.00–1.00), 500 ms |',
  )
})

test('the chart has a bar for each server, in proportion to its ratio', () => {
  const chart = renderChart('CPU & more', [
    { title: 'bare', ratio: { min: 1, median: 1, max: 1 }, isOurs: false },
    { title: 'ours', ratio: { min: 2, median: 3, max: 4 }, isOurs: true },
  ])
  const bars = [...chart.matchAll(/<rect class="([^"]+)" [^>]*width="([\d.]+)"/g)].map(([, ...bar]) => bar)
  expect(bars).toEqual([
    ['bar', '112.5'],
    ['bar ours', '337.5'],
  ])
  expect(chart).toContain('CPU &amp; more')
})

test('the report is written between its marks, and the rest of the page is unchanged', () => {
  const page = readFileSync('docs/performance.md', 'utf8')
  const written = replaceReport(page, 'the report')
  expect(written).toContain(`${begin}\n\nthe report\n\n${end}`)
  expect(written.split(begin)[0]).toBe(page.split(begin)[0])
  expect(written.split(end)[1]).toBe(page.split(end)[1])
  expect(() => replaceReport('nothing', 'the report')).toThrow('The page must have')
  expect(() => replaceReport(`${end}${begin}`, 'the report')).toThrow('The page must have')
})

test('options are read, and invalid ones are refused', () => {
  const {
    only,
    series,
    rounds: count,
    write,
  } = readOptions(['--only', 'yoga', '--series', '', '--rounds', '2'])
  expect({ only, series, count, write }).toEqual({
    only: ['bare-proxy', 'yoga'],
    series: [],
    count: 2,
    write: false,
  })
  expect(() => readOptions(['--only', 'nothing'])).toThrow('--only knows bare-proxy, gateway,')
  expect(() => readOptions(['--rounds', '0'])).toThrow('--rounds must be a whole number above 0, but is 0')
})

/** Our instruments beside prom-client's own: whatever is counted, both tell the same. */
import fc from 'fast-check'
import { Counter, Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { FastCounter, FastHistogram } from '../../src/telemetry/instruments.ts'
import { listMetrics } from '../../src/cluster/metrics-aggregator.ts'

const labels = fc.record({ code: fc.constantFrom('OK', 'a"b\\', ''), field: fc.constantFrom('x', 'y') })
const labelNames = ['code', 'field'] as const
const buckets = [0.005, 0.1, 1, 20]
const values = fc.oneof(fc.constantFrom(0, ...buckets), fc.double({ min: 0, max: 100, noNaN: true }))

/** As text, and as processes send it each other. */
async function expectSame(ours: Registry, theirs: Registry): Promise<void> {
  expect(await ours.metrics()).toBe(await theirs.metrics())
  expect(await listMetrics(ours)).toEqual(await listMetrics(theirs))
}

test('a counter', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(labels, fc.nat(3)), { minLength: 2 }), async (counts) => {
      const [ours, theirs] = [new Registry(), new Registry()]
      const configuration = { name: 'a_total', help: 'A "help" \\ text.', labelNames: [...labelNames] }
      const fast = new FastCounter({ ...configuration, registers: [ours] })
      const plain = new Counter({ ...configuration, registers: [theirs] })
      const half = Math.ceil(counts.length / 2)
      for (const part of [counts.slice(0, half), counts.slice(half)]) {
        for (const [given, by] of part) {
          fast.inc(given, by)
          plain.inc(given, by)
        }
        await expectSame(ours, theirs)
      }
    }),
  ))

test('a histogram', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(labels, values), { minLength: 2 }), async (observations) => {
      const [ours, theirs] = [new Registry(), new Registry()]
      const configuration = { name: 'a_seconds', help: 'Help.', labelNames: [...labelNames], buckets }
      const fast = new FastHistogram({ ...configuration, registers: [ours] })
      const plain = new Histogram({ ...configuration, registers: [theirs] })
      const half = Math.ceil(observations.length / 2)
      for (const part of [observations.slice(0, half), observations.slice(half)]) {
        for (const [given, value] of part) {
          fast.observe(given, value)
          plain.observe(given, value)
        }
        await expectSame(ours, theirs)
      }
    }),
  ))

test('without labels both are there from the start', async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const counter = { name: 'a_total', help: 'Help.', labelNames: [] }
  const histogram = { name: 'a_seconds', help: 'Help.', labelNames: [], buckets }
  void new FastCounter({ ...counter, registers: [ours] })
  new FastHistogram({ ...histogram, registers: [ours] }).zero({})
  void new Counter({ ...counter, registers: [theirs] })
  void new Histogram({ ...histogram, registers: [theirs] })
  await expectSame(ours, theirs)
})

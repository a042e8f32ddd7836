/** What the honest caller met, and what that comes to. Pure, but for the clock. */
import { z } from 'zod'
import { percentile } from '../cost/statistics.ts'

const sample = z.object({
  /** When the request was due, on the clock of `now`. */
  dueAt: z.number(),
  /** Milliseconds by which the honest caller itself was late to send it. */
  lateMs: z.number(),
  /** Milliseconds from when it was due to its answer; of one that has none, to the end of the run. */
  latencyMs: z.number().nullable(),
  /** What was wrong with the answer. */
  wrong: z.string().optional(),
})

/** In `wrong`, of a request that was given up or still waited in the end. Its latency is how long it waited. */
export const noAnswer = 'no answer'

/** One request of the honest caller. */
export interface Sample {
  readonly dueAt: number
  readonly lateMs: number
  /** NaN for one that was not sent. */
  readonly latencyMs: number
  readonly wrong?: string | undefined
}

/** @throws where the text is not what the honest caller prints */
export function parseSamples(text: string): readonly Sample[] {
  // JSON has no NaN.
  const read = z.array(sample).parse(JSON.parse(text))
  return read.map((one) => ({ ...one, latencyMs: one.latencyMs ?? Number.NaN }))
}

/** Milliseconds on a clock that all processes of this machine share, and that never goes back. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1_000_000
}

/** What the honest caller met during a part of the run. */
export interface Experience {
  readonly requests: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** How many answers were wrong, by what was wrong. */
  readonly wrong: Readonly<Record<string, number>>
  /** Milliseconds by which it was late itself, at the 99th percentile: its own machine's doing. */
  readonly late: number
}

/**
 * Of the requests that were due from one moment until another. Latencies are those of right answers, and of
 * those that never came: a gateway that fails fast must not look like a fast one.
 */
export function experienceOf(samples: readonly Sample[], from: number, until: number): Experience {
  const due = samples.filter(({ dueAt }) => dueAt >= from && dueAt < until)
  const latencies = due
    .filter((one) => one.wrong === undefined || one.wrong === noAnswer)
    .map(({ latencyMs }) => latencyMs)
  const wrong: Record<string, number> = {}
  for (const { wrong: what } of due) if (what !== undefined) wrong[what] = (wrong[what] ?? 0) + 1
  return {
    requests: due.length,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    wrong,
    late: percentile(
      due.map(({ lateMs }) => lateMs),
      99,
    ),
  }
}

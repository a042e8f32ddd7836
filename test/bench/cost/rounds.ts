/** The main table: every server in every round, and what each costs as a ratio to the bare proxy. */
import type { Measurement } from './measure.ts'
import { firstAnswer, measureServer } from './measure.ts'
import type { BenchOptions } from './options.ts'
import type { Progress } from './progress.ts'
import type { ServerName } from './servers.ts'
import { titles, withServer } from './servers.ts'
import type { Spread } from './statistics.ts'
import { spread } from './statistics.ts'

export const connections = 32

/** By server; a measurement for each round, in their order. */
export type Rounds = ReadonlyMap<ServerName, readonly Measurement[]>

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ item }) => item)
}

/** @throws unless all that speak GraphQL answer the same operation with the same data, to the byte */
export async function compareAnswers(names: readonly ServerName[], upstreamUrl: string): Promise<void> {
  const told = new Map<ServerName, string>()
  for (const name of names) {
    const { data } = await withServer(name, upstreamUrl, (server) => firstAnswer(name, server))
    if (name !== 'bare-proxy') told.set(name, data)
  }
  if (new Set(told.values()).size < 2) return
  const listed = [...told].map(([name, data]) => `${name}: ${data}`)
  throw new Error(['the servers do not give the same data', ...listed].join('\n'))
}

export async function measureRounds(
  { only, rounds, requests, warmUp }: BenchOptions,
  upstreamUrl: string,
  progress: Progress,
): Promise<Rounds> {
  const measured = new Map<ServerName, Measurement[]>(only.map((name) => [name, []]))
  for (let round = 1; round <= rounds; round += 1) {
    // What drifts on the machine then hits all of them alike.
    for (const name of shuffled(only)) {
      progress.step(`round ${round} of ${rounds}: ${titles[name]}`)
      measured.get(name)?.push(await measureServer(name, upstreamUrl, { connections, warmUp, requests }))
    }
  }
  return measured
}

/** A server's figure in each round against the bare proxy's in the same. */
export function ratios(rounds: Rounds, name: ServerName, figure: keyof Measurement): Spread {
  const bare = rounds.get('bare-proxy') ?? []
  const own = rounds.get(name) ?? []
  return spread(own.map((measurement, round) => measurement[figure] / (bare[round]?.[figure] ?? Number.NaN)))
}

export function figures(rounds: Rounds, name: ServerName, figure: keyof Measurement): Spread {
  return spread((rounds.get(name) ?? []).map((measurement) => measurement[figure]))
}

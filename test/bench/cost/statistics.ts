/** Numbers from samples. Pure. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

const ascending = (samples: Iterable<number>): Float64Array => Float64Array.from(samples).toSorted()

/** The nearest rank: a sample that there was. NaN of none. */
export function percentile(samples: Iterable<number>, percent: number): number {
  const sorted = ascending(samples)
  // 99.9 % of 1,000 are 999 samples, and not the little more that floating point makes of them.
  const rank = Math.ceil((percent / 100) * sorted.length - 1e-9)
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN
}

export function median(samples: Iterable<number>): number {
  const sorted = ascending(samples)
  const middle = sorted.length / 2
  const [low = Number.NaN, high = low] = sorted.subarray(Math.ceil(middle) - 1, Math.floor(middle) + 1)
  return (low + high) / 2
}

export function spread(samples: Iterable<number>): Spread {
  const sorted = ascending(samples)
  return {
    min: sorted[0] ?? Number.NaN,
    median: median(sorted),
    max: sorted.at(-1) ?? Number.NaN,
  }
}

/** By how much y grows for one more of x: the least squares. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return variance === 0 ? 0 : covariance / variance
}

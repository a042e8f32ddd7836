/** A pseudo-random number generator: the same seed gives the same account, so that it can be described. */

export interface Random {
  /** @returns an integer from 0 to `limit` - 1. `limit` is at most 2^32 */
  integer(limit: number): number
  /** @returns true with this probability in percent */
  chance(percent: number): boolean
  /** @returns one of the items */
  pick<const Items extends readonly [unknown, ...unknown[]]>(items: Items): Items[number]
  /** @returns 32 hexadecimal digits */
  uuid(): string
}

/** @param seed any integer. Only its low 32 bits are used */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  /** The mulberry32 generator, which has 32 bits of state. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return (bits ^ (bits >>> 14)) >>> 0
  }

  const hex = (): string => next().toString(16).padStart(8, '0')
  const integer = (limit: number): number => Math.floor((next() / 2 ** 32) * limit)
  return {
    integer,
    chance: (percent) => integer(100) < percent,
    pick: (items) => items[integer(items.length)] ?? items[0],
    uuid: () => hex() + hex() + hex() + hex(),
  }
}

/** Chance that is the same at every start: the account can be described, and a finding repeated. */

export interface Random {
  /** A whole number from 0 to below `sides`, which is at most 2^32. */
  integer(sides: number): number
  /** Whether something chance that chance so many times in a hundred. */
  chance(percent: number): boolean
  pick<const Things extends readonly [unknown, ...unknown[]]>(things: Things): Things[number]
  /** 32 hexadecimal digits. */
  uuid(): string
}

/** @param seed which of the 2^32 games to play */
export function createRandom(seed: number): Random {
  let state = seed >>> 0

  /** The mulberry32 generator: 32 bits, small and quick. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return (bits ^ (bits >>> 14)) >>> 0
  }

  const hex = (): string => next().toString(16).padStart(8, '0')
  const integer = (sides: number): number => Math.floor((next() / 2 ** 32) * sides)
  return {
    integer,
    chance: (percent) => integer(100) < percent,
    pick: (things) => things[integer(things.length)] ?? things[0],
    uuid: () => hex() + hex() + hex() + hex(),
  }
}

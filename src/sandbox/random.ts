/** Chance that is the same at every start: the account can be described, and a finding repeated. */

export interface Dice {
  /** A whole number from 0 to below `sides`, which is at most 2^32. */
  roll(sides: number): number
  /** Whether something happens that happens so many times in a hundred. */
  happens(percent: number): boolean
  pick<const Things extends readonly [unknown, ...unknown[]]>(things: Things): Things[number]
  /** 32 hexadecimal digits. */
  uuid(): string
}

/** @param seed which of the 2^32 games to play */
export function createDice(seed: number): Dice {
  let state = seed >>> 0

  /** The mulberry32 generator: 32 bits, small and quick. */
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return (bits ^ (bits >>> 14)) >>> 0
  }

  const hex = (): string => next().toString(16).padStart(8, '0')
  const roll = (sides: number): number => Math.floor((next() / 2 ** 32) * sides)
  return {
    roll,
    happens: (percent) => roll(100) < percent,
    pick: (things) => things[roll(things.length)] ?? things[0],
    uuid: () => hex() + hex() + hex() + hex(),
  }
}

/** How much of a store each owner uses, for stores that one process has to itself. */
import { createHash } from 'node:crypto'
import { createSweep } from './prune-timer.ts'

/** Names of callers have any length, and are personal data: stores hold digests of them. */
export function digestOfOwner(owner: string): string {
  return createHash('sha256').update(owner).digest('base64url')
}

/** Owners checked at a time: about a millisecond of work. */
const batchSize = 500

/** Bytes of live records by owner and by the moment at which they expire. No clock of its own. */
export class Shares {
  /** No owner is without bytes. */
  private readonly owners = new Map<string, Map<number, number>>()
  private readonly sweep = createSweep(this.owners, (owner) => this.forget(owner, this.sweptAt))
  private sweptAt = 0

  /** @returns bytes of the owner's records that expire after `now`, in milliseconds on the store's clock */
  used(owner: string, now: number): number {
    this.forget(owner, now)
    let used = 0
    for (const bytes of this.owners.get(owner)?.values() ?? []) used += bytes
    return used
  }

  /** @param bytes a negative number takes away what was added for the same moment */
  add(owner: string, expiresAt: number, bytes: number): void {
    const sums = this.owners.get(owner) ?? new Map<number, number>()
    const sum = (sums.get(expiresAt) ?? 0) + bytes
    if (sum > 0) sums.set(expiresAt, sum)
    else sums.delete(expiresAt)
    if (sums.size > 0) this.owners.set(owner, sums)
    else this.owners.delete(owner)
  }

  /** Forgets a batch of the owners without live records. @returns whether there may be more */
  pruneBatch(now: number): boolean {
    this.sweptAt = now
    return this.sweep(batchSize)
  }

  private forget(owner: string, now: number): void {
    const sums = this.owners.get(owner)
    if (sums === undefined) return
    for (const expiresAt of sums.keys()) if (expiresAt <= now) sums.delete(expiresAt)
    if (sums.size === 0) this.owners.delete(owner)
  }
}

/** How much of its quota each owner uses, in a store that one process has to itself. */
import { createHash } from 'node:crypto'
import { createSweep } from './prune-timer.ts'

/** Callers' names have any length and are personal data, so stores keep digests of them. */
export function digestOfOwner(owner: string): string {
  return createHash('sha256').update(owner).digest('base64url')
}

/** Owners checked in one batch: about a millisecond of work. */
const batchSize = 500

/** Bytes of live records by owner and by the moment of expiry. It has no clock of its own. */
export class QuotaUsage {
  /** Every owner in the map has bytes. */
  private readonly owners = new Map<string, Map<number, number>>()
  private readonly sweep = createSweep(this.owners, (owner) => this.removeExpired(owner, this.sweptAt))
  private sweptAt = 0

  /** @returns bytes of the owner's records that expire after `now`, in milliseconds on the store's clock */
  used(owner: string, now: number): number {
    this.removeExpired(owner, now)
    let used = 0
    for (const bytes of this.owners.get(owner)?.values() ?? []) used += bytes
    return used
  }

  /** @param bytes a negative number cancels what was added for the same moment */
  add(owner: string, expiresAt: number, bytes: number): void {
    const sums = this.owners.get(owner) ?? new Map<number, number>()
    const sum = (sums.get(expiresAt) ?? 0) + bytes
    if (sum > 0) sums.set(expiresAt, sum)
    else sums.delete(expiresAt)
    if (sums.size > 0) this.owners.set(owner, sums)
    else this.owners.delete(owner)
  }

  /** Removes owners without live records, one batch of them. @returns whether there may be more */
  pruneBatch(now: number): boolean {
    this.sweptAt = now
    return this.sweep(batchSize)
  }

  private removeExpired(owner: string, now: number): void {
    const sums = this.owners.get(owner)
    if (sums === undefined) return
    for (const expiresAt of sums.keys()) if (expiresAt <= now) sums.delete(expiresAt)
    if (sums.size === 0) this.owners.delete(owner)
  }
}

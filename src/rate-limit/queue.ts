/** First in, first out. An array's `shift` may move all that is left, which of thousands takes its time. */
export class Queue<T> {
  private items: T[] = []
  /** How many of them have been taken out. */
  private taken = 0

  get size(): number {
    return this.items.length - this.taken
  }

  /** @param index from 0, which is the first to be taken out */
  at(index: number): T | undefined {
    return this.items[this.taken + index]
  }

  push(item: T): void {
    this.items.push(item)
  }

  /** Takes the first one out. To be called only where there is one. */
  shift(): void {
    this.taken += 1
    if (this.taken * 2 < this.items.length) return
    this.items = this.items.slice(this.taken)
    this.taken = 0
  }
}

/** First in, first out. An array's `shift` may move all remaining items, which is slow for thousands. */
export class Queue<T> {
  private items: T[] = []
  /** How many of `items` have been removed. */
  private removed = 0

  get size(): number {
    return this.items.length - this.removed
  }

  /** @param index from 0, which is the next item to be removed */
  at(index: number): T | undefined {
    return this.items[this.removed + index]
  }

  push(item: T): void {
    this.items.push(item)
  }

  /** Removes the first item. The queue must not be empty. */
  shift(): void {
    this.removed += 1
    if (this.removed * 2 < this.items.length) return
    this.items = this.items.slice(this.removed)
    this.removed = 0
  }
}

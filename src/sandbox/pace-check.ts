/** @returns a function that counts a request and says whether it is within the pace of any one second */
export function createRateCheck(maxRps: number): () => boolean {
  const times: number[] = []
  return () => {
    const now = performance.now()
    while (times[0] !== undefined && times[0] <= now - 1000) times.shift()
    if (times.length >= maxRps) return false
    times.push(now)
    return true
  }
}

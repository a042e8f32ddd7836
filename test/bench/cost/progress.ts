/** Prints what is being measured: in one line of a terminal, or else in a line for each step. */
export interface Progress {
  /** Begins the next step. */
  step(what: string): void
  /** Something within a step. */
  detail(what: string): void
  end(): void
}

export function createProgress(steps: number): Progress {
  const start = performance.now()
  const { isTTY, columns } = process.stderr
  let step = 0
  let title = ''
  function write(text: string): void {
    const seconds = Math.round((performance.now() - start) / 1000)
    const line = `[${step}/${steps}, ${seconds} s] ${text}`
    process.stderr.write(isTTY ? `\r\u001B[K${line.slice(0, columns - 1)}` : `${line}\n`)
  }
  return {
    step(what) {
      step += 1
      title = what
      write(title)
    },
    detail(what) {
      write(`${title}: ${what}`)
    },
    end() {
      if (isTTY) process.stderr.write('\r\u001B[K')
    },
  }
}

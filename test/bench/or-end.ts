/** What the command line gives, or the end of the script: a mistake in it is no bug, and needs no stack. */
export function orEnd<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return process.exit(2)
  }
}

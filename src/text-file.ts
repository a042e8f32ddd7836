import { readFileSync } from 'node:fs'

/**
 * Reads a file of the configuration.
 *
 * @param name what the problem is told of
 * @returns the text, or why there is none, such as `… can't be read: ENOENT`
 */
export function readTextFile(
  name: string,
  path: string,
): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: readFileSync(path, 'utf8') }
  } catch (error) {
    // The code alone: a message quotes the path, and what stands there may be a secret, misplaced.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { problem: `${name} can't be read: ${code}` }
  }
}

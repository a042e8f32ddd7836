/** The locations of the package's files. This file is in the folder that sources, compiled files and bundles share. */

/** The folder with `package.json` and `schema`. */
export const packageRoot = new URL('../', import.meta.url)

/** The folder of the sources, or of the compiled files. */
export const codeRoot = new URL('./', import.meta.url)

/** Where the package's files are, told at the one depth that sources, compiled files and bundles share. */

/** The package itself: `package.json`, `schema`. */
export const packageRoot = new URL('../', import.meta.url)

/** The folder of the sources, or of what was made of them. */
export const codeRoot = new URL('./', import.meta.url)

/**
 * Builds `dist/`: the gateway and what it needs to start in a few files, since reading the thousand
 * that they come in takes longer than running them. And the client in `dist/client/`, for itself.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OutputChunk, Plugin } from 'rolldown'
import { defineConfig } from 'rolldown'

/** Loaded only where settings or people ask for them; those of files of their own can't be moved. */
const loadedLater = [
  /^pino-pretty$/,
  /^@graphql-yoga\/render-graphiql/,
  /^@redis\/client$/,
  /^jose$/,
  /^@opentelemetry\/(?!api$)/,
]

/** The folders of packages, by what they contributed. */
function packagesOf(chunks: readonly OutputChunk[]): string[] {
  const folders = chunks
    .flatMap(({ moduleIds }) => moduleIds)
    .flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [])
  return [...new Set(folders)].toSorted()
}

/** Their licenses ask for being passed on. Some packages bring no text of it: those are named with it. */
function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(?:\.(?:md|txt))?$/i.test(entry))
  const text = file === undefined ? '' : `\n\n${readFileSync(join(folder, file), 'utf8').trim()}`
  return `${name} ${version} (${license})${text}\n`
}

const bringAlong: Plugin = {
  name: 'bring-along',
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((file) => file.type === 'chunk')
    // One package may be there in several places.
    const licenses = new Set(packagesOf(chunks).map(licenseOf))
    const source = [...licenses].join(`\n${'-'.repeat(80)}\n\n`)
    this.emitFile({ type: 'asset', fileName: 'third-party-licenses.txt', source })
    // What browsers are sent is no part of the gateway's own code.
    for (const name of ['page.css', 'start.js']) {
      const fileName = `http/playground/${name}`
      this.emitFile({ type: 'asset', fileName, source: readFileSync(`src/${fileName}`) })
    }
  },
}

export const gateway = defineConfig({
  input: { cli: 'src/cli.ts', main: 'src/main.ts' },
  platform: 'node',
  external: loadedLater,
  resolve: {
    // One graphql-js for all, as Node has it: the errors of a second one would be none to the first.
    alias: { graphql$: `${import.meta.dirname}/node_modules/graphql/index.js` },
  },
  plugins: [bringAlong],
  output: {
    dir: 'dist',
    cleanDir: true,
    // At the depth of `src/main.ts`: `src/package-root.ts` tells places by its own.
    chunkFileNames: '[name].js',
  },
})

/** Nothing newer than Node 18 and the browsers of its time understand. */
const client = defineConfig({
  input: 'src/client/index.ts',
  platform: 'neutral',
  transform: { target: 'es2020' },
  output: [
    { dir: 'dist/client', format: 'esm' },
    { dir: 'dist/client', format: 'cjs', entryFileNames: '[name].cjs', esModule: true },
  ],
})

// In this order: the first one empties `dist/`.
export default [gateway, client]

/**
 * Makes `dist/client/` a package of its own: `npm pack ./dist/client`. The bundler and the compiler have
 * written its code and its types before.
 */
import { copyFileSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import gateway from './package.json' with { type: 'json' }

const folder = 'dist/client'

const packageJson = {
  name: 'callbell-graphql-client',
  version: gateway.version,
  description: 'The typed client of callbell-graphql, which makes a change exactly once',
  keywords: gateway.keywords,
  license: gateway.license,
  type: 'module',
  sideEffects: false,
  // For moduleResolution node10, which does not read `exports`.
  main: './index.cjs',
  types: './index.d.cts',
  exports: {
    '.': {
      import: { types: './index.d.ts', default: './index.js' },
      require: { types: './index.d.cts', default: './index.cjs' },
    },
    './package.json': './package.json',
  },
  engines: { node: '>=18' },
}

writeFileSync(`${folder}/package.json`, `${JSON.stringify(packageJson, null, 2)}\n`)
copyFileSync('src/client/README.md', `${folder}/README.md`)
copyFileSync('LICENSE', `${folder}/LICENSE`)

// The compiler keeps the extensions of the sources. Each form of the package needs its own.
for (const file of globSync(`${folder}/*.d.ts`)) {
  const types = readFileSync(file, 'utf8')
  const withImportsOf = (extension: string): string =>
    types.replaceAll(/(?<=from '\.\/[\w-]+)\.ts(?=')/g, extension)
  writeFileSync(file, withImportsOf('.js'))
  writeFileSync(file.replace(/\.d\.ts$/, '.d.cts'), withImportsOf('.cjs'))
}

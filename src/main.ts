/** The entry of the process: what must be set before any other code is loaded. */
import { forbidCodeGeneration } from './code-generation.ts'

forbidCodeGeneration()
// graphql-js reads it when it is loaded, and otherwise checks at each use that there is only one graphql-js.
process.env['NODE_ENV'] ??= 'production'
await import('./start.ts')

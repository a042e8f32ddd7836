/** Writes `schema/schema.graphql`: `npm run generate`. */
import { writeFileSync } from 'node:fs'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from './schema.ts'

/** The sorted SDL as it is committed. */
export function printSdl(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

if (import.meta.main) writeFileSync(new URL('../schema/schema.graphql', import.meta.url), printSdl())

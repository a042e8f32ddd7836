import type { GraphQLField, GraphQLInputField, GraphQLNamedType } from 'graphql'
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { printSdl } from '../../src/print-schema.ts'
import { schema } from '../../src/schema.ts'

test('schema.graphql is generated from the code: if not, run `npm run generate`', () => {
  expect(readFileSync('schema/schema.graphql', 'utf8')).toBe(printSdl())
})

/** Every element that a description can be put on, by its coordinate. */
function describe(type: GraphQLNamedType): (readonly [string, string | null | undefined])[] {
  const own = [[type.name, type.description] as const]
  if (isEnumType(type)) {
    return [
      ...own,
      ...type.getValues().map(({ name, description }) => [`${type.name}.${name}`, description] as const),
    ]
  }
  if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return own
  const fields = Object.values<GraphQLField<unknown, unknown> | GraphQLInputField>(type.getFields())
  const described = fields.map((field) => [`${type.name}.${field.name}`, field.description] as const)
  const args = fields.flatMap((field) =>
    ('args' in field ? field.args : []).map(
      ({ name, description }) => [`${type.name}.${field.name}(${name}:)`, description] as const,
    ),
  )
  return [...own, ...described, ...args]
}

test('every type, field, argument and enum value has a description', () => {
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  )
  const elements = types.flatMap(describe)
  expect(elements.filter(([, description]) => !description).map(([coordinate]) => coordinate)).toEqual([])
  expect(elements.length).toBeGreaterThan(70)
})

test('every mutation field is nullable, so that a failed one does not discard the others', () => {
  const fields = Object.values(schema.getMutationType()?.getFields() ?? {})
  expect(fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([])
})

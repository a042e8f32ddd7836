/** Generates documents of a schema, valid and hostile, with matching or wrong variables, for fast-check. */
import fc from 'fast-check'
import type {
  GraphQLArgument,
  GraphQLField,
  GraphQLInputField,
  GraphQLInputType,
  GraphQLNamedType,
  GraphQLSchema,
} from 'graphql'
import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

export interface AnyDocument {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** Names that JavaScript, or an executor, may confuse with something else. */
const hostileNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'data', 'x_y', 'x', 'a']
const marker = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d'
const hostileTexts = [
  '',
  'Ada',
  marker,
  `${marker}"+process.exit()+"`,
  '${1}',
  '\\u0041',
  '`',
  '\u2028',
  'é😀',
]

type Draw = fc.GeneratorValue

/**
 * @param literals replace strings for some arguments and input fields, by their names
 * @returns documents of one operation. Their variables are absent, null, valid, invalid, or have a default
 */
export function anyDocument(
  schema: GraphQLSchema,
  literals: Readonly<Record<string, readonly string[]>> = {},
): fc.Arbitrary<AnyDocument> {
  return fc.gen().map((draw) => new Writer(schema, draw, literals).write())
}

class Writer {
  private readonly schema: GraphQLSchema
  private readonly draw: Draw
  private readonly literals: Readonly<Record<string, readonly string[]>>
  private readonly definitions: string[] = []
  private readonly fragments: string[] = []
  private readonly variables: Record<string, unknown> = {}
  /** The number of fields that may still be added, which keeps documents small. */
  private left = 40

  constructor(schema: GraphQLSchema, draw: Draw, literals: Readonly<Record<string, readonly string[]>>) {
    this.schema = schema
    this.draw = draw
    this.literals = literals
  }

  write(): AnyDocument {
    const isMutation = this.chance(0.6)
    const type = isMutation ? this.schema.getMutationType() : this.schema.getQueryType()
    if (!type) throw new Error('no root type')
    const selection = this.selection(type, 4, isMutation ? 3 : 5)
    const variables = this.definitions.length > 0 ? `(${this.definitions.join(', ')})` : ''
    const query = `${isMutation ? 'mutation' : 'query'} Any${variables} ${selection} ${this.fragments.join(' ')}`
    return { query, variables: this.variables }
  }

  private chance(probability: number): boolean {
    return this.draw(fc.integer, { min: 0, max: 99 }) < probability * 100
  }

  private pick<T>(items: readonly T[]): T {
    const index = this.draw(fc.integer, { min: 0, max: items.length - 1 })
    for (const item of items.slice(index, index + 1)) return item
    throw new Error('nothing to pick from')
  }

  /** A selection set, never empty. */
  private selection(type: GraphQLNamedType, depth: number, most: number): string {
    const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []
    const open = fields.filter((field) => depth > 1 || isLeafType(getNamedType(field.type)))
    const count = this.draw(fc.integer, { min: 1, max: most })
    const parts: string[] = []
    /** The meaning of each name in the response: two meanings of one name are not valid. */
    const taken = new Map<string, string>()
    for (let index = 0; index < count && this.left > 0; index += 1) {
      this.left -= 1
      if (open.length === 0 || this.chance(0.08)) parts.push(`__typename${this.directive()}`)
      else parts.push(this.part(type, this.pick(open), depth, taken))
    }
    return `{ ${parts.length === 0 ? '__typename' : parts.join(' ')} }`
  }

  private part(
    type: GraphQLNamedType,
    field: GraphQLField<unknown, unknown>,
    depth: number,
    taken: Map<string, string>,
  ): string {
    const text = this.field(field, depth)
    const name = this.chance(0.3) ? this.pick(hostileNames) : `${field.name}${this.draw(fc.nat, { max: 9 })}`
    const isFree = (taken.get(name) ?? text) === text
    const alias = isFree ? name : `n${taken.size}_${this.left}`
    taken.set(alias, text)
    const whole = `${alias}: ${text}`
    if (this.chance(0.1)) return `... on ${type.name}${this.directive()} { ${whole} }`
    if (this.chance(0.1)) {
      const fragment = `F${this.fragments.length}`
      this.fragments.push(`fragment ${fragment} on ${type.name} { ${whole} }`)
      return `...${fragment}${this.directive()}`
    }
    return whole
  }

  private field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const type = getNamedType(field.type)
    const below = isLeafType(type) ? '' : ` ${this.selection(type, depth - 1, 6)}`
    return `${field.name}${this.arguments(field.args)}${this.directive()}${below}`
  }

  private directive(): string {
    if (!this.chance(0.12)) return ''
    const name = this.pick(['skip', 'include'])
    if (this.chance(0.5)) return ` @${name}(if: ${this.chance(0.5)})`
    const variable = `b${this.definitions.length}`
    const value = this.pick([true, false, null, undefined])
    if (value !== undefined) this.variables[variable] = value
    this.definitions.push(`$${variable}: Boolean = ${this.chance(0.5)}`)
    return ` @${name}(if: $${variable})`
  }

  private arguments(args: readonly GraphQLArgument[]): string {
    const given = args.filter((arg) => isRequiredArgument(arg) || this.chance(0.5))
    if (given.length === 0) return ''
    return `(${given.map((arg) => `${arg.name}: ${this.value(arg, arg.type, 4)}`).join(', ')})`
  }

  /** A literal, or a variable instead, or literals with variables inside. */
  private value(place: GraphQLArgument | GraphQLInputField, type: GraphQLInputType, depth: number): string {
    if (this.chance(0.35)) return this.variable(place, type)
    if (!isNonNullType(type) && this.chance(0.15)) return 'null'
    const nullable = getNullableType(type)
    if (isListType(nullable)) {
      const count = this.draw(fc.integer, { min: 0, max: 3 })
      const items = Array.from({ length: count }, () => this.value(place, nullable.ofType, depth - 1))
      return count === 1 && this.chance(0.3) ? (items[0] ?? '') : `[${items.join(', ')}]`
    }
    if (isInputObjectType(nullable)) {
      const fields = Object.values(nullable.getFields())
      const given = fields.filter((field) => isRequiredInputField(field) || (depth > 0 && this.chance(0.3)))
      return `{ ${given.map((field) => `${field.name}: ${this.value(field, field.type, depth - 1)}`).join(', ')} }`
    }
    if (isEnumType(nullable)) return this.pick(nullable.getValues()).name
    if (nullable.name === 'Boolean') return String(this.chance(0.5))
    if (nullable.name === 'Int') return String(this.draw(fc.integer, { min: 0, max: 25 }))
    return JSON.stringify(this.text(place))
  }

  /** Defines a variable of the expected type, or of a stricter one or, with a default, a nullable one. */
  private variable(place: GraphQLArgument | GraphQLInputField, type: GraphQLInputType): string {
    const name = this.chance(0.05) ? `__proto__` : `v${this.definitions.length}`
    if (this.definitions.some((definition) => definition.startsWith(`$${name}:`)))
      return this.variable(place, type)
    const value = this.json(place, type, 4)
    // A nullable variable is valid if a default replaces an absent value.
    const isLax = isNonNullType(type) && this.chance(0.5)
    const fallback = isLax ? this.constant(place, type) : undefined
    const written = isLax ? String(getNullableType(type)) : String(type)
    this.definitions.push(`$${name}: ${written}${fallback === undefined ? '' : ` = ${fallback}`}`)
    const given = this.pick([
      value,
      value,
      value,
      null,
      undefined,
      this.pick<unknown>([5, 'x', {}, [[null]], true]),
    ])
    if (given !== undefined) {
      Object.defineProperty(this.variables, name, { value: given, enumerable: true, configurable: true })
    }
    return `$${name}`
  }

  /** A literal without variables. */
  private constant(place: GraphQLArgument | GraphQLInputField, type: GraphQLInputType): string {
    return writeLiteral(this.json(place, getNullableType(type), 0, true), type)
  }

  /** A valid value, as JSON. */
  private json(
    place: GraphQLArgument | GraphQLInputField,
    type: GraphQLInputType,
    depth: number,
    isStrict = false,
  ): unknown {
    const nullable = getNullableType(type)
    if (!isStrict && !isNonNullType(type) && this.chance(0.15)) return null
    if (isListType(nullable)) {
      const count = this.draw(fc.integer, { min: 0, max: 3 })
      return Array.from({ length: count }, () => this.json(place, nullable.ofType, depth - 1, isStrict))
    }
    if (isInputObjectType(nullable)) {
      const fields = Object.values(nullable.getFields())
      const given = fields.filter((field) => isRequiredInputField(field) || (depth > 0 && this.chance(0.4)))
      const entries = given.map((field) => [field.name, this.json(field, field.type, depth - 1, isStrict)])
      return Object.fromEntries(!isStrict && this.chance(0.05) ? [...entries, ['constructor', 1]] : entries)
    }
    if (isEnumType(nullable)) return this.pick(nullable.getValues()).name
    if (nullable.name === 'Boolean') return this.chance(0.5)
    if (nullable.name === 'Int') return this.draw(fc.integer, { min: 0, max: 25 })
    return this.text(place)
  }

  private text({ name }: GraphQLArgument | GraphQLInputField): string {
    const known = this.literals[name]
    return this.pick(known && this.chance(0.8) ? known : hostileTexts)
  }
}

function writeLiteral(value: unknown, type: GraphQLInputType): string {
  const nullable = getNullableType(type)
  if (value === null) return 'null'
  if (isListType(nullable) && Array.isArray(value)) {
    return `[${value.map((item) => writeLiteral(item, nullable.ofType)).join(', ')}]`
  }
  if (isInputObjectType(nullable)) {
    const fields = nullable.getFields()
    const parts = Object.entries(value ?? {}).flatMap(([key, item]) => {
      const field = fields[key]
      return field ? [`${key}: ${writeLiteral(item, field.type)}`] : []
    })
    return `{ ${parts.join(', ')} }`
  }
  return isEnumType(nullable) && typeof value === 'string' ? value : JSON.stringify(value)
}

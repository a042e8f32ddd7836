/** Limits the size of a document, before it is validated. */
import type { DocumentNode, FragmentDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql'
import { GraphQLError, Kind, Lexer, parse, Source, TokenKind } from 'graphql'
import type { GatewayPlugin } from '../graphql/builder.ts'
import { RequestError } from '../graphql/request-error.ts'

/** Counted while a document is parsed, which stops there. */
const maxDocumentTokens = 1000
/** Tokens that are counted for an error message. */
const maxCountedTokens = 10_000

/** It takes time to locate an error in the document, and nobody fixes more at once. */
const maxValidationErrors = 10

/** A fragment counts at each place where it is spread. */
const limits = {
  /** Reading the whole schema takes 10 ms, and costs no call to Callbell. */
  introspections: { max: 2, words: 'fields `__schema` and `__type` (fragments included)' },
  /** `__typename` and repetitions count too: each may be a call to Callbell. */
  rootFields: { max: 10, words: 'fields at the root of an operation' },
  /** GraphiQL reads the whole schema with 15. */
  depth: { max: 16, words: 'levels of fields' },
  /** Validation compares the fields of a selection with each other: its time grows with their square. */
  fields: { max: 500, words: 'fields (fragments included)' },
  aliases: { max: 50, words: 'aliases (fragments included)' },
  directives: { max: 50, words: 'directives (fragments included)' },
  /** GraphQL defines two for a field. */
  directivesOfOneNode: { max: 4, words: 'directives in one place' },
} as const

const introspective: ReadonlySet<string> = new Set(['__schema', '__type'])

type Limit = keyof typeof limits
const limitNames = [
  'introspections',
  'rootFields',
  'depth',
  'fields',
  'aliases',
  'directives',
  'directivesOfOneNode',
] as const
/** The counts of a selection. */
type Measure = Readonly<Record<Limit, number>>

const emptyMeasure: Measure = {
  introspections: 0,
  rootFields: 0,
  depth: 0,
  fields: 0,
  aliases: 0,
  directives: 0,
  directivesOfOneNode: 0,
}

/** Rejects documents that exceed a limit: `QUERY_TOO_COMPLEX`. */
export const useDocumentLimits: GatewayPlugin = {
  onValidate({ validateFn, setValidationFn }) {
    setValidationFn((schema, document, rules, options, typeInfo) =>
      validateFn(schema, document, rules, { ...options, maxErrors: maxValidationErrors }, typeInfo),
    )
  },
  onParse({ setParseFn }) {
    setParseFn(parseBounded)
    return ({ result }) => {
      // Thrown from here, it is not a syntax error for Yoga, which has a status of its own.
      if (result instanceof RequestError) throw result
      if (result === null || result instanceof Error) return
      const excess = findExcess(result)
      if (excess !== null) throw tooLarge(excess.max, excess.words, count(excess.measured))
    }
  },
}

function parseBounded(...[source, options]: Parameters<typeof parse>): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens: maxDocumentTokens })
  } catch (error) {
    // graphql-js has no class and no code of its own for this.
    const isTooLong =
      error instanceof GraphQLError && error.message.includes(`more that ${maxDocumentTokens} tokens`)
    throw isTooLong ? tooLarge(maxDocumentTokens, 'tokens', countTokens(source)) : error
  }
}

/** @param measured the number that the document has */
function tooLarge(max: number, what: string, measured: string): RequestError {
  const message = `Query too large: at most ${count(max)} ${what}, and it has ${measured}.`
  return new RequestError({ status: 400, code: 'QUERY_TOO_COMPLEX', message })
}

/** @returns the number of tokens of a document, or that it has more than are counted */
function countTokens(source: string | Source): string {
  const lexer = new Lexer(typeof source === 'string' ? new Source(source) : source)
  let tokens = 0
  try {
    while (lexer.advance().kind !== TokenKind.EOF) {
      if (tokens === maxCountedTokens) return `more than ${count(tokens)}`
      tokens += 1
    }
    return count(tokens)
  } catch {
    // The rest of it is not GraphQL.
    return `at least ${count(tokens)}`
  }
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** A limit that a document exceeds. */
interface Excess {
  readonly max: number
  readonly words: string
  readonly measured: number
}

/** Documents are cached, so that the same text is the same object. */
const verdicts = new WeakMap<DocumentNode, Excess | null>()

/** @returns the first limit that the document exceeds; null if there is none */
function findExcess(document: DocumentNode): Excess | null {
  const cached = verdicts.get(document)
  if (cached !== undefined) return cached
  const measures = measureOperations(document)
  const measured = (name: Limit): number => Math.max(...measures.map((measure) => measure[name]))
  const exceeded = limitNames.find((name) => measured(name) > limits[name].max)
  const excess = exceeded === undefined ? null : { ...limits[exceeded], measured: measured(exceeded) }
  verdicts.set(document, excess)
  return excess
}

function measureOperations(document: DocumentNode): Measure[] {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  /** A fragment is measured once, and may be spread many times. */
  const measured = new Map<string, Measure>()

  function measureFragment(name: string): Measure {
    const cached = measured.get(name)
    if (cached) return cached
    // Validation rejects a fragment that spreads itself. Measuring it only has to end.
    measured.set(name, emptyMeasure)
    const fragment = fragments.get(name)
    const measure = fragment ? measureSet(fragment) : emptyMeasure
    measured.set(name, measure)
    return measure
  }

  function measureSelection(selection: SelectionNode): Measure {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      return add(measureFragment(selection.name.value), directivesOf(selection))
    }
    const inner = measureSet(selection)
    if (selection.kind === Kind.INLINE_FRAGMENT) return inner
    return {
      ...inner,
      introspections: inner.introspections + (introspective.has(selection.name.value) ? 1 : 0),
      rootFields: 1,
      depth: inner.depth + 1,
      fields: inner.fields + 1,
      aliases: inner.aliases + (selection.alias ? 1 : 0),
    }
  }

  function measureSet(node: Selecting): Measure {
    const selections = node.selectionSet?.selections ?? []
    return selections.map(measureSelection).reduce(add, directivesOf(node))
  }

  return document.definitions.flatMap((definition) => {
    if (definition.kind === Kind.OPERATION_DEFINITION) return [measureSet(definition)]
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) return []
    // It counts where it is spread. One that is not spread takes time to validate, too.
    return [{ ...measureFragment(definition.name.value), rootFields: 0 }]
  })
}

interface Selecting {
  readonly selectionSet?: SelectionSetNode | undefined
  readonly directives?: readonly unknown[] | undefined
}

function directivesOf({ directives = [] }: Selecting): Measure {
  return { ...emptyMeasure, directives: directives.length, directivesOfOneNode: directives.length }
}

function add(one: Measure, other: Measure): Measure {
  return {
    introspections: one.introspections + other.introspections,
    rootFields: one.rootFields + other.rootFields,
    depth: Math.max(one.depth, other.depth),
    fields: one.fields + other.fields,
    aliases: one.aliases + other.aliases,
    directives: one.directives + other.directives,
    directivesOfOneNode: Math.max(one.directivesOfOneNode, other.directivesOfOneNode),
  }
}

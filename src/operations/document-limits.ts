/** How much one document may ask for. Decided before it is validated, and long before anything runs. */
import type { DocumentNode, FragmentDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql'
import { GraphQLError, Kind, parse } from 'graphql'
import type { GatewayPlugin } from '../graphql/builder.ts'
import { RequestError } from '../graphql/request-error.ts'

/** Tokens of the text: counted while it is parsed. */
const mostTokens = 1000

/** Finding the place of each in the document takes time, and nobody mends more at once. */
const mostErrors = 10

/** Counted with every fragment in the place where it is spread, so that fragments multiply nothing unseen. */
const limits = {
  /** The whole schema takes 10 ms, and no call to Callbell that a caller would pay for. */
  introspections: { most: 2, words: 'fields `__schema` and `__type`, fragments included' },
  /** `__typename` and repetitions too: each may be a call to Callbell. */
  rootFields: { most: 10, words: 'fields at the root of an operation' },
  /** Reading the whole schema, as GraphiQL does, takes 15. */
  depth: { most: 16, words: 'levels of fields' },
  /** Validation compares each with those that share its place: its time grows with the square. */
  fields: { most: 500, words: 'fields, fragments included' },
  aliases: { most: 50, words: 'aliases, fragments included' },
  directives: { most: 50, words: 'directives, fragments included' },
  /** GraphQL has two for a field. */
  directivesInOnePlace: { most: 4, words: 'directives in one place' },
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
  'directivesInOnePlace',
] as const
/** What a selection comes to. */
type Measure = Readonly<Record<Limit, number>>

const nothing: Measure = {
  introspections: 0,
  rootFields: 0,
  depth: 0,
  fields: 0,
  aliases: 0,
  directives: 0,
  directivesInOnePlace: 0,
}

/** Refuses documents that exceed a limit: `QUERY_TOO_COMPLEX`. */
export const useDocumentLimits: GatewayPlugin = {
  onValidate({ validateFn, setValidationFn }) {
    setValidationFn((schema, document, rules, options, typeInfo) =>
      validateFn(schema, document, rules, { ...options, maxErrors: mostErrors }, typeInfo),
    )
  },
  onParse({ setParseFn }) {
    setParseFn(parseBounded)
    return ({ result }) => {
      // Thrown from here, Yoga does not take it for an error of syntax, which has a status of its own.
      if (result instanceof RequestError) throw result
      if (result === null || result instanceof Error) return
      const excess = findExcess(result)
      if (excess !== null) throw tooComplex(excess)
    }
  },
}

function parseBounded(...[source, options]: Parameters<typeof parse>): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens: mostTokens })
  } catch (error) {
    // graphql-js has no class and no code of its own for this.
    const isTooLong =
      error instanceof GraphQLError && error.message.includes(`more that ${mostTokens} tokens`)
    throw isTooLong
      ? tooComplex(`more than ${count(mostTokens)} tokens; the limit is ${count(mostTokens)}`)
      : error
  }
}

/** @param excess what the document has, and the limit */
function tooComplex(excess: string): RequestError {
  const message = `The document is too large: it has ${excess}`
  return new RequestError({ status: 400, code: 'QUERY_TOO_COMPLEX', message })
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** A document that was read before comes again as the same object. */
const verdicts = new WeakMap<DocumentNode, string | null>()

/** @returns what the document has too many of, with the limit; null where it keeps to all of them */
function findExcess(document: DocumentNode): string | null {
  const known = verdicts.get(document)
  if (known !== undefined) return known
  const measures = measureOperations(document)
  const measured = (name: Limit): number => Math.max(...measures.map((measure) => measure[name]))
  const exceeded = limitNames.find((name) => measured(name) > limits[name].most)
  const excess =
    exceeded === undefined
      ? null
      : `${count(measured(exceeded))} ${limits[exceeded].words}; the limit is ${count(limits[exceeded].most)}`
  verdicts.set(document, excess)
  return excess
}

function measureOperations(document: DocumentNode): Measure[] {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  /** Each fragment is measured once, however often it is spread. */
  const measured = new Map<string, Measure>()

  function measureFragment(name: string): Measure {
    const known = measured.get(name)
    if (known) return known
    // One that spreads itself is refused by the validation; here it must only come to an end.
    measured.set(name, nothing)
    const fragment = fragments.get(name)
    const measure = fragment ? measureSet(fragment) : nothing
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
    // It counts where it is spread; but one that never is must be validated, too.
    return [{ ...measureFragment(definition.name.value), rootFields: 0 }]
  })
}

interface Selecting {
  readonly selectionSet?: SelectionSetNode | undefined
  readonly directives?: readonly unknown[] | undefined
}

function directivesOf({ directives = [] }: Selecting): Measure {
  return { ...nothing, directives: directives.length, directivesInOnePlace: directives.length }
}

function add(one: Measure, other: Measure): Measure {
  return {
    introspections: one.introspections + other.introspections,
    rootFields: one.rootFields + other.rootFields,
    depth: Math.max(one.depth, other.depth),
    fields: one.fields + other.fields,
    aliases: one.aliases + other.aliases,
    directives: one.directives + other.directives,
    directivesInOnePlace: Math.max(one.directivesInOnePlace, other.directivesInOnePlace),
  }
}

/** How much one document may ask for. Decided before it is validated, and long before anything runs. */
import type { DocumentNode, FragmentDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql'
import { GraphQLError, Kind, parse } from 'graphql'
import type { GatewayPlugin } from '../graphql/builder.ts'
import { Refused } from './refuse.ts'

/** Counted with every fragment in the place where it is spread, so that fragments multiply nothing unseen. */
export const documentLimits = {
  /** Words and signs of the text: checked while it is read. */
  tokens: 1000,
  /** Fields of one operation's root, `__typename` and repetitions too: each may be a call to Callbell. */
  rootFields: 10,
  /** Fields inside of each other. Reading the whole schema, as GraphiQL does, takes 15. */
  depth: 16,
  fields: 500,
  aliases: 50,
  directives: 50,
  /** GraphQL has two for a field. */
  directivesInOnePlace: 4,
} as const

type Limit = keyof typeof documentLimits

const words: Record<Limit, string> = {
  tokens: 'words and signs',
  rootFields: 'fields at the root of an operation',
  depth: 'levels of fields',
  fields: 'fields, fragments included',
  aliases: 'aliases, fragments included',
  directives: 'directives, fragments included',
  directivesInOnePlace: 'directives in one place',
}

/** Refuses documents that exceed a limit: `QUERY_TOO_COMPLEX`. */
export const useDocumentLimits: GatewayPlugin = {
  onParse({ setParseFn }) {
    setParseFn(parseBounded)
    return ({ result }) => {
      // Thrown from here, Yoga does not take it for an error of syntax, which has a status of its own.
      if (result instanceof Refused) throw result
      if (result === null || result instanceof Error) return
      const exceeded = findExceeded(result)
      if (exceeded) throw tooComplex(exceeded)
    }
  },
}

function parseBounded(...[source, options]: Parameters<typeof parse>): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens: documentLimits.tokens })
  } catch (error) {
    // graphql-js has no class and no code of its own for this.
    if (
      error instanceof GraphQLError &&
      error.message.includes(`more that ${documentLimits.tokens} tokens`)
    ) {
      throw tooComplex('tokens')
    }
    throw error
  }
}

function tooComplex(limit: Limit): Refused {
  const message = `The document asks for too much: it may have at most ${documentLimits[limit]} ${words[limit]}`
  return new Refused({ status: 400, code: 'QUERY_TOO_COMPLEX', message })
}

/** A document that was parsed before comes again as the same object. */
const verdicts = new WeakMap<DocumentNode, Limit | null>()

function findExceeded(document: DocumentNode): Limit | null {
  let verdict = verdicts.get(document)
  if (verdict === undefined) {
    verdict = measureDocument(document)
    verdicts.set(document, verdict)
  }
  return verdict
}

/** What a selection set comes to. */
interface Measure {
  readonly rootFields: number
  readonly depth: number
  readonly fields: number
  readonly aliases: number
  readonly directives: number
  readonly directivesInOnePlace: number
}

const nothing: Measure = {
  rootFields: 0,
  depth: 0,
  fields: 0,
  aliases: 0,
  directives: 0,
  directivesInOnePlace: 0,
}

function measureDocument(document: DocumentNode): Limit | null {
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
    const measure = fragment
      ? withDirectives(measureSet(fragment.selectionSet), fragment.directives?.length)
      : nothing
    measured.set(name, measure)
    return measure
  }

  function measureSelection(selection: SelectionNode): Measure {
    const directives = selection.directives?.length
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      return withDirectives(measureFragment(selection.name.value), directives)
    }
    const inner = measureSet(selection.selectionSet)
    if (selection.kind === Kind.INLINE_FRAGMENT) return withDirectives(inner, directives)
    return withDirectives(
      {
        ...inner,
        rootFields: 1,
        depth: inner.depth + 1,
        fields: inner.fields + 1,
        aliases: inner.aliases + (selection.alias ? 1 : 0),
      },
      directives,
    )
  }

  function measureSet(set: SelectionSetNode | undefined): Measure {
    return (set?.selections ?? []).map(measureSelection).reduce(add, nothing)
  }

  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION)
      continue
    const measure = withDirectives(measureSet(definition.selectionSet), definition.directives?.length)
    const isOperation = definition.kind === Kind.OPERATION_DEFINITION
    for (const limit of [
      'rootFields',
      'depth',
      'fields',
      'aliases',
      'directives',
      'directivesInOnePlace',
    ] as const) {
      // What stands in a fragment is a root field only where it is spread.
      if (limit === 'rootFields' && !isOperation) continue
      if (measure[limit] > documentLimits[limit]) return limit
    }
  }
  return null
}

function add(one: Measure, other: Measure): Measure {
  return {
    rootFields: one.rootFields + other.rootFields,
    depth: Math.max(one.depth, other.depth),
    fields: one.fields + other.fields,
    aliases: one.aliases + other.aliases,
    directives: one.directives + other.directives,
    directivesInOnePlace: Math.max(one.directivesInOnePlace, other.directivesInOnePlace),
  }
}

function withDirectives(measure: Measure, directives = 0): Measure {
  return {
    ...measure,
    directives: measure.directives + directives,
    directivesInOnePlace: Math.max(measure.directivesInOnePlace, directives),
  }
}

/** An operation of a valid document, with everything that is computed once for all its runs. */
import type { DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { Kind, OperationTypeNode, visit } from 'graphql'
import { readsAccountData } from '../graphql/account-data.ts'
import { createCoerceVariables } from './coerce-variables.ts'
import { belowOf, countCalls, hasVariableCost, makesCalls } from './operation-cost.ts'
import type { SelectionPlan, VariableValues } from './plan.ts'
import { planSelection } from './plan-selection.ts'

/** The plan of an operation for certain values of the variables in its `@skip` and `@include`. */
export interface OperationPlan {
  /** @throws GraphQLError where a directive of the root can't be evaluated */
  readonly root: () => SelectionPlan
  /** @returns planned calls to Callbell */
  readonly calls: (variableValues: VariableValues) => number
  /** A field by which a mutation reads from the account, for example `Contact.name`; undefined: none. */
  readonly reading: string | undefined
  /** Planned fields, fragments included. */
  readonly size: number
}

/**
 * The plans of one document, cached as long as the document is. Fragments and conditions multiply plans, so
 * that the length of the document limits them. A plan that does not fit is created at each run.
 */
export class PlanCache {
  private readonly plans = new Map<string, OperationPlan>()
  private readonly capacity: number
  private left: number

  /** @param characters of the document */
  constructor(characters: number) {
    this.capacity = characters / charactersOfField
    this.left = this.capacity
  }

  get(key: string): OperationPlan | undefined {
    return this.plans.get(key)
  }

  set(key: string, plan: OperationPlan): void {
    const weight = plan.size + key.length + emptyPlanWeight
    if (weight > this.capacity) return
    if (weight > this.left) {
      this.plans.clear()
      this.left = this.capacity
    }
    this.left -= weight
    this.plans.set(key, plan)
  }

  get size(): number {
    return this.plans.size
  }
}

/** The least that a field and its separator take in a document. A planned field takes about 600 bytes. */
const charactersOfField = 4
/** In fields. */
const emptyPlanWeight = 2

export class PreparedOperation {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** @returns undefined where graphql-js has to coerce them */
  readonly coerceVariables: (given: VariableValues) => VariableValues | undefined
  private readonly schema: GraphQLSchema
  private readonly plans: PlanCache
  /** Names of the variables that decide which fields are selected. */
  private readonly conditions: readonly string[]

  /**
   * @param document validated against the schema
   * @param plans of the document
   */
  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    plans: PlanCache,
  ) {
    this.schema = schema
    this.plans = plans
    this.document = document
    this.operation = operation
    this.fragments = fragmentsOf(document)
    this.conditions = conditionsOf(operation, this.fragments)
    this.coerceVariables = createCoerceVariables(schema, operation.variableDefinitions ?? [])
  }

  get type(): OperationTypeNode {
    return this.operation.operation
  }

  get name(): string | undefined {
    return this.operation.name?.value
  }

  /** @param variableValues coerced */
  planFor(variableValues: VariableValues): OperationPlan {
    let key = this.name ?? ''
    if (this.conditions.length > 0) key += ':'
    for (const name of this.conditions) key += letterOf(variableValues[name])
    const cached = this.plans.get(key)
    if (cached) return cached
    const plan = this.makePlan(variableValues)
    this.plans.set(key, plan)
    return plan
  }

  private makePlan(conditions: VariableValues): OperationPlan {
    const { schema, fragments, operation } = this
    const type = schema.getRootType(operation.operation)
    if (!type) throw new Error(`The schema has no ${operation.operation}`)
    // The plan must not keep other variables, which differ at each run.
    const variableValues = Object.fromEntries(
      this.conditions.flatMap((name) => (Object.hasOwn(conditions, name) ? [[name, conditions[name]]] : [])),
    )
    const root = (): SelectionPlan =>
      planSelection({ schema, fragments, variableValues }, type, [operation.selectionSet])
    let planned: SelectionPlan
    try {
      planned = root()
    } catch {
      return { root, calls: () => 0, reading: undefined, size: 1 }
    }
    const isMutation = operation.operation === OperationTypeNode.MUTATION
    const isVariable = hasVariableCost(schema, planned)
    const fixedCalls = isVariable ? 0 : countCalls(schema, planned, {})
    return {
      root: () => planned,
      calls: (values) => (isVariable ? countCalls(schema, planned, values) : fixedCalls),
      reading: isMutation ? findReading(schema, planned) : undefined,
      size: countFields(schema, planned),
    }
  }
}

function countFields(schema: GraphQLSchema, { fields }: SelectionPlan): number {
  const below = fields.flatMap((field) => belowOf(schema, field))
  return fields.length + below.reduce((sum, plan) => sum + countFields(schema, plan), 0)
}

/** @returns the first field below the root that costs a call, or shows data of the account */
function findReading(schema: GraphQLSchema, root: SelectionPlan): string | undefined {
  function findIn({ fields }: SelectionPlan): string | undefined {
    for (const plan of fields) {
      const { parentType, field } = plan
      if (makesCalls(schema, plan) || readsAccountData(parentType, field.name))
        return `${parentType.name}.${field.name}`
      const found = findBelow(plan)
      if (found !== undefined) return found
    }
    return undefined
  }
  function findBelow(plan: SelectionPlan['fields'][number]): string | undefined {
    for (const below of belowOf(schema, plan)) {
      const found = findIn(below)
      if (found !== undefined) return found
    }
    return undefined
  }
  for (const plan of root.fields) {
    const found = plan.field.name.startsWith('__') ? undefined : findBelow(plan)
    if (found !== undefined) return found
  }
  return undefined
}

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null)
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition
  }
  return fragments
}

/**
 * @returns the variables in the directives of the operation and of its fragments. Other operations of the
 *   document are ignored: they may have a variable of the same name and another type
 */
function conditionsOf(
  operation: OperationDefinitionNode,
  fragments: PreparedOperation['fragments'],
): readonly string[] {
  const names = new Set<string>()
  const spread = new Set<string>()
  function find(node: OperationDefinitionNode | FragmentDefinitionNode): void {
    visit(node, {
      Directive: (directive) => {
        visit(directive, { Variable: ({ name }) => void names.add(name.value) })
      },
      FragmentSpread: ({ name: { value } }) => {
        const fragment = fragments[value]
        if (!fragment || spread.has(value)) return
        spread.add(value)
        find(fragment)
      },
    })
  }
  find(operation)
  return [...names]
}

/** Conditions of a valid document are Booleans. A letter for each keeps the key short. */
function letterOf(condition: unknown): string {
  if (condition === true) return 't'
  if (condition === false) return 'f'
  if (condition === null) return 'n'
  if (condition === undefined) return '-'
  throw new Error('A condition must be a Boolean')
}

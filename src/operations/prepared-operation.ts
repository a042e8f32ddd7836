/** An operation of a validated document, with all that can be found out before it runs. */
import type { DocumentNode, FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { Kind, OperationTypeNode, visit } from 'graphql'
import { readsAccountData } from '../graphql/account-data.ts'
import { createCoerceVariables } from './coerce-variables.ts'
import { belowOf, countCalls, declaredCost, hasVariableCost } from './operation-cost.ts'
import type { SelectionPlan } from './plan.ts'
import { planSelection } from './plan.ts'

type Values = Readonly<Record<string, unknown>>

/** What an operation is with certain values of the variables in its `@skip` and `@include`. */
export interface OperationPlan {
  /** @throws GraphQLError where a directive of the root can't be evaluated */
  readonly root: () => SelectionPlan
  /** @returns calls to Callbell that are planned */
  readonly calls: (variableValues: Values) => number
  /** A field by which a mutation reads from the account, for example `Contact.name`; undefined: none. */
  readonly reading: string | undefined
  /** Planned fields, fragments included. */
  readonly size: number
}

/**
 * How many planned fields may be kept for one document. Fragments and conditions multiply them: a plan
 * beyond the budget is made for each run.
 */
export interface PlanBudget {
  left: number
}

export class PreparedOperation {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** @returns undefined where graphql-js is to say what they are */
  readonly coerceVariables: (given: Values) => Values | undefined
  private readonly schema: GraphQLSchema
  private readonly budget: PlanBudget
  /** Names of the variables that decide what is selected. */
  private readonly conditions: readonly string[]
  private readonly plans = new Map<string, OperationPlan>()

  /**
   * @param document validated against the schema
   * @param budget of the document
   */
  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    budget: PlanBudget,
  ) {
    this.schema = schema
    this.budget = budget
    this.document = document
    this.operation = operation
    this.fragments = fragmentsOf(document)
    this.conditions = conditionsOf(document)
    this.coerceVariables = createCoerceVariables(schema, operation.variableDefinitions ?? [])
  }

  get type(): OperationTypeNode {
    return this.operation.operation
  }

  get name(): string | undefined {
    return this.operation.name?.value
  }

  /** @param variableValues coerced */
  planFor(variableValues: Values): OperationPlan {
    const { conditions } = this
    const key = conditions.length === 0 ? '' : conditions.map((name) => String(variableValues[name])).join()
    const known = this.plans.get(key)
    if (known) return known
    const plan = this.makePlan(variableValues)
    if (plan.size <= this.budget.left) {
      this.budget.left -= plan.size
      this.plans.set(key, plan)
    }
    return plan
  }

  private makePlan(conditions: Values): OperationPlan {
    const { schema, fragments, operation } = this
    const type = schema.getRootType(operation.operation)
    if (!type) throw new Error(`The schema has no ${operation.operation}`)
    // Only those decide: others would be kept alive, and differ from run to run.
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

/** Below a field of the root: the first field that costs a call of its own, or shows data of the account. */
function findReading(schema: GraphQLSchema, root: SelectionPlan): string | undefined {
  function findIn({ fields }: SelectionPlan): string | undefined {
    for (const plan of fields) {
      const { parentType, field } = plan
      if (declaredCost(plan) || readsAccountData(parentType, field.name))
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

function conditionsOf(document: DocumentNode): readonly string[] {
  const names = new Set<string>()
  visit(document, {
    Directive(directive) {
      visit(directive, { Variable: ({ name }) => void names.add(name.value) })
    },
  })
  return [...names]
}

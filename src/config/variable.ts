/** The declaration of an environment variable: its parser, and what the reference says about it. */
import { z } from 'zod'

interface VariableInfo {
  /** What the variable is for, in sentences of Markdown. */
  readonly description: string
  /** Parsed where the variable is not set. */
  readonly default?: string
  /** A default that depends on other variables: the most common one, and the rule in Markdown. */
  readonly dependentDefault?: { readonly common: string; readonly rule: string }
}

export interface VariableReference extends VariableInfo {
  /** The values that the variable takes, in Markdown. */
  readonly values: string
}

const references = z.registry<VariableReference>()

/**
 * Declares a variable that has a default.
 *
 * @param parser its description names the values that the variable takes
 */
export function variable<T>(
  parser: z.ZodType<T, string>,
  info: VariableInfo & { readonly default: string },
): z.ZodType<T, string | undefined>
/** Declares a variable without a default: it is undefined where it is not set. */
export function variable<T>(
  parser: z.ZodType<T, string>,
  info: VariableInfo,
): z.ZodType<T | undefined, string | undefined>
export function variable<T>(
  parser: z.ZodType<T, string>,
  info: VariableInfo,
): z.ZodType<T | undefined, string | undefined> {
  const schema = info.default === undefined ? parser.optional() : parser.prefault(info.default)
  references.add(schema, { ...info, values: parser.description ?? '' })
  return schema
}

/** @returns what the reference says about a variable that was declared with `variable` */
export function referenceOf(schema: z.ZodType): VariableReference {
  const reference = references.get(schema)
  if (reference === undefined || reference.values === '') {
    throw new TypeError('A variable must be declared with a parser that has a description')
  }
  return reference
}

/** @returns each issue as a sentence that starts with the name of its variable */
export function describeIssues({ issues }: z.ZodError): string[] {
  return issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}

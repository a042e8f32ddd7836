/** The result of a mutation, or the problems that its caller can fix. */
import { CallbellError } from '../../domain/callbell-error.ts'
import type { InputProblem } from '../rules/input-rules.ts'
import { problemsOfRejection } from '../rules/rejection.ts'

export interface MutationResult<T> {
  /** Null if there are problems, except for a `CONFLICT`: then it is what is there now. */
  readonly result: T | null
  readonly problems: readonly InputProblem[]
}

export function withProblems(...problems: InputProblem[]): MutationResult<never> {
  return { result: null, problems }
}

/**
 * Makes a change, unless its input has problems. What Callbell refuses is a problem of the input, too.
 *
 * @param absent the path of the wrong value if Callbell does not find what is to be changed
 * @throws all other failures of the change
 */
export async function tryMutation<T>(
  problems: readonly InputProblem[],
  change: () => Promise<T>,
  absent: readonly string[] | null = ['uuid'],
): Promise<MutationResult<T>> {
  if (problems.length > 0) return withProblems(...problems)
  try {
    return { result: await change(), problems: [] }
  } catch (error) {
    if (!(error instanceof CallbellError)) throw error
    return rejectedByCallbell(error, absent)
  }
}

/** As `problemsOfRejection`, as the result of a mutation. @param absent as for `tryMutation` */
export function rejectedByCallbell(
  error: CallbellError,
  absent: readonly string[] | null = ['uuid'],
): MutationResult<never> {
  return withProblems(...problemsOfRejection(error, absent))
}

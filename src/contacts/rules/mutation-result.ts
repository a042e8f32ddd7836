/** The result of a mutation, or the problems that its caller can fix. */
import { CallbellError } from '../../domain/callbell-error.ts'
import type { InputProblem } from './input-rules.ts'
import { InputCheck, pathSegment } from './input-rules.ts'

export interface MutationResult<T> {
  /** Null if there are problems. */
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

/**
 * @param error Callbell's refusal
 * @param absent the path of the wrong value if Callbell answered 404 and named none
 * @returns its reasons in terms of the input
 */
export function problemsOfRejection(
  { status, rejections }: CallbellError,
  absent: readonly string[] | null,
): InputProblem[] {
  const isAbsent = status === 404
  return rejections.map(({ path, message }) => {
    const rejected = path ?? (isAbsent ? absent : null)
    const subject = rejected === null ? 'the request' : `\`${rejected.join('.')}\``
    return {
      path: rejected,
      message: `Callbell rejected ${subject}: ${message}`,
      code: isAbsent ? 'NOT_FOUND' : 'REJECTED',
    }
  })
}

/** @returns the problems of the uuid of what is to be changed */
export function problemsOfUuid(uuid: string, key = 'uuid'): readonly InputProblem[] {
  const check = new InputCheck()
  check.string([pathSegment], uuid, key)
  return check.problems
}

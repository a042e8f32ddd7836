/** What a change gives: its result, or what its caller can mend. */
import { CallbellError } from '../../domain/callbell-error.ts'
import type { InputProblem } from './input-rules.ts'
import { pathSegment } from './input-rules.ts'

/** Why a change was not made, in terms of its input. */
export interface ChangeProblem {
  /** Path inside the input; null where no part of it is to blame. */
  readonly path: readonly string[] | null
  readonly message: string
  /** `REJECTED`: by Callbell itself. `CONFLICT`: the contact is not as it was expected to be. */
  readonly code: InputProblem['code'] | 'REJECTED' | 'CONFLICT'
}

export interface MutationResult<T> {
  /** Null where there are problems. */
  readonly result: T | null
  readonly problems: readonly ChangeProblem[]
}

export function invalid(...problems: ChangeProblem[]): MutationResult<never> {
  return { result: null, problems }
}

/**
 * Makes a change, unless its input has problems; what Callbell refuses is a problem of the input, too.
 *
 * @param absent the path of what is wrong where Callbell finds nothing to be changed
 * @throws whatever else the change throws
 */
export async function tryMutation<T>(
  problems: readonly ChangeProblem[],
  change: () => Promise<T>,
  absent: readonly string[] | null = ['uuid'],
): Promise<MutationResult<T>> {
  if (problems.length > 0) return invalid(...problems)
  try {
    return { result: await change(), problems: [] }
  } catch (error) {
    if (!(error instanceof CallbellError)) throw error
    return rejectedByCallbell(error, absent)
  }
}

/** What Callbell refused, in terms of the input. @param absent as for `changed` */
export function rejectedByCallbell(
  { status, rejections }: CallbellError,
  absent: readonly string[] | null = ['uuid'],
): MutationResult<never> {
  const elsewhere = status === 404 ? absent : null
  return invalid(
    ...rejections.map(({ path, message }) => ({
      path: path ?? elsewhere,
      message,
      code: 'REJECTED' as const,
    })),
  )
}

/** What is wrong with the uuid of what is to be changed. */
export function problemsOfUuid(uuid: string, key = 'uuid'): ChangeProblem[] {
  const problem = pathSegment(uuid)
  return problem === undefined ? [] : [{ path: [key], ...problem }]
}

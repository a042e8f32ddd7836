/** What Callbell refuses, in terms of the input. */
import type { CallbellError } from '../../domain/callbell-error.ts'
import type { InputProblem } from './input-rules.ts'

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

/** Replies of the sandbox. */
import type { ParameterCheck } from './parameters.ts'

export interface Reply {
  readonly status: number
  readonly body: unknown
}

export const notFound: Reply = { status: 404, body: { error: 'not found' } }

export function ok(body: unknown): Reply {
  return { status: 200, body }
}

/** @param error a string, or errors by parameter */
export function refuse(error: unknown): Reply {
  return { status: 400, body: { error } }
}

/** Handles the parameters of a body, or refuses them. */
export function withParameters<Parameters>(
  check: ParameterCheck<Parameters>,
  body: unknown,
  handle: (parameters: Parameters) => Reply,
): Reply {
  return check.isAccepted(body) ? handle(body) : refuse(check.findErrors(body))
}

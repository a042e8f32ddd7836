/** What the sandbox answers to one request. */
import type { ParameterCheck } from './parameters.ts'

export interface Reply {
  readonly status: number
  readonly body: unknown
}

export const notFound: Reply = { status: 404, body: { error: 'not found' } }

export function ok(body: unknown): Reply {
  return { status: 200, body }
}

/** @param error a text, or reasons by parameter */
export function refuse(error: unknown): Reply {
  return { status: 400, body: { error } }
}

/** Works with a body's parameters, or refuses them. */
export function withParameters<Parameters>(
  check: ParameterCheck<Parameters>,
  body: unknown,
  work: (parameters: Parameters) => Reply,
): Reply {
  return check.isAccepted(body) ? work(body) : refuse(check.complaintsAbout(body))
}

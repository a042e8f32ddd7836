/** Remembering what became of a change, for errors that its field meets when the change has been made. */
import type { GatewayContext } from './builder.ts'

/**
 * @param key the field's name in the answer
 * @param change has problems where nothing was changed
 * @returns what the change gives
 */
export async function recorded<T extends { readonly problems: readonly unknown[] }>(
  outcomes: GatewayContext['outcomes'],
  key: string | number,
  change: Promise<T>,
): Promise<T> {
  outcomes.set(key, 'UNKNOWN')
  const result = await change
  outcomes.set(key, result.problems.length > 0 ? 'NOT_APPLIED' : 'APPLIED')
  return result
}

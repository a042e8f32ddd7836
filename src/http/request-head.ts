/** The method and headers of a request, as a fetch Request has them. */
import type { IncomingMessage } from 'node:http'
import type { RequestHead } from './cross-origin.ts'

export function headOf({ method = '', headers }: IncomingMessage): RequestHead {
  return {
    method,
    headers: {
      get(name) {
        const value = headers[name]
        return Array.isArray(value) ? value.join(', ') : (value ?? null)
      },
    },
  }
}

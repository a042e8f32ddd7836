/** URLs that secrets are sent to, or keys are read from: nobody in between may read or change them. */
import { z } from 'zod'

/** @returns whether only this machine can reach the address */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

interface SecureUrlForm {
  readonly example: string
  /** Whether the URL may have a query and a fragment. */
  readonly mayHaveQuery: boolean
}

/** An https URL, or an http URL of a loopback address. No message shows it: it may hold credentials. */
export function secureUrl({ example, mayHaveQuery }: SecureUrlForm) {
  return z
    .string()
    .superRefine((text, context) => {
      const problem = findProblem(text)
      if (problem !== undefined) context.addIssue(problem)
    })
    .describe(`an https URL such as \`${example}\`; http for loopback addresses only`)

  function findProblem(text: string): string | undefined {
    const url = URL.parse(text)
    if (url === null) return `must be a URL such as ${example}`
    const { username, password, search, hash, protocol, hostname } = url
    if (!mayHaveQuery && (username || password || search || hash)) {
      return 'must not contain credentials, a query or a fragment. Remove them'
    }
    if (username || password) return 'must not contain credentials. Remove them'
    if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined
    return 'must start with https://. Only loopback addresses may use http://'
  }
}

/**
 * Identifiers whose create has one outcome each, as test cards have at payment providers. docs/sandbox.md has the
 * same table, and what the gateway answers: change both together.
 *
 * The delays fit the gateway's default deadline of 10 seconds. Of these, a create waits 7.5 seconds for an answer,
 * and looks up for 2 seconds what an ambiguous attempt created.
 */
import { isObject } from '../domain/json.ts'
import type { Fault, RecordedRequest } from './fault.ts'

export interface MagicIdentifier {
  /** Nine digits. Any others may replace the last four. No country has the code 999. */
  readonly identifier: string
  /** What the sandbox does with a create, as on the page. */
  readonly effect: string
  readonly fault: Fault
  /** Whether every second create with exactly these digits is carried out as usual. Default: false. */
  readonly alternates?: boolean
}

/** Longer than the gateway waits for an answer. */
const noAnswerMs = 30_000

export const magicIdentifiers: readonly MagicIdentifier[] = [
  {
    identifier: '+999 00 0000',
    effect: 'creates the contact, and answers after 3 seconds',
    fault: { delayMs: 3000 },
  },
  {
    identifier: '+999 01 0000',
    effect: 'creates the contact, and cuts the connection',
    fault: { drop: true, afterWork: true },
  },
  {
    identifier: '+999 02 0000',
    effect: 'creates the contact, and does not answer in time',
    fault: { delayMs: noAnswerMs },
  },
  {
    identifier: '+999 03 0000',
    effect: 'creates nothing, and does not answer in time',
    fault: { delayMs: noAnswerMs, drop: true },
  },
  {
    identifier: '+999 04 0000',
    effect: 'answers 503, and creates the contact 4 seconds later',
    fault: { status: 503, workAfterMs: 4000 },
  },
  {
    identifier: '+999 05 0000',
    effect: 'answers 503, and creates nothing; every second time it creates the contact',
    fault: { status: 503 },
    alternates: true,
  },
  {
    identifier: '+999 06 0000',
    effect: 'answers 429 with `Retry-After: 1`; every second time it creates the contact',
    fault: { status: 429, headers: { 'retry-after': '1' } },
    alternates: true,
  },
  {
    identifier: '+999 07 0000',
    effect: 'answers 429 with `Retry-After: 10`',
    fault: { status: 429, headers: { 'retry-after': '10' } },
  },
  { identifier: '+999 08 0000', effect: 'answers 402', fault: { status: 402 } },
  { identifier: '+999 09 0000', effect: 'answers 401', fault: { status: 401 } },
  {
    identifier: '+999 10 0000',
    effect: 'answers 422, and refuses the parameter `identifier`',
    fault: { status: 422, body: { error: { identifier: ['does not use WhatsApp'] } } },
  },
]

/** By the first five digits. */
const byPrefix = new Map(magicIdentifiers.map((magic) => [prefixOf(digitsOf(magic.identifier)), magic]))

/** @returns a function that returns the fault of a create with a magic identifier */
export function createMagicFaults(): (request: RecordedRequest) => Fault | undefined {
  /** The digits whose next create is carried out as usual. Four digits vary, so there are at most 20,000. */
  const passing = new Set<string>()

  return ({ method, path, body }) => {
    if (method !== 'POST' || path !== '/v1/contacts' || !isObject(body)) return undefined
    const { identifier } = body
    const digits = typeof identifier === 'string' ? digitsOf(identifier) : ''
    const magic = /^\d{9}$/.test(digits) ? byPrefix.get(prefixOf(digits)) : undefined
    if (magic?.alternates !== true) return magic?.fault
    if (passing.delete(digits)) return undefined
    passing.add(digits)
    return magic.fault
  }
}

/** @returns the identifier without what may separate digits, in any spelling of a number */
function digitsOf(identifier: string): string {
  return identifier.replaceAll(/[\s+().-]/g, '')
}

function prefixOf(digits: string): string {
  return digits.slice(0, 5)
}

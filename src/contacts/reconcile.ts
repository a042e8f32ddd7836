/** Finding out what became of a create that nobody can tell: by looking whether its contact is there. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Origin } from '../caller.ts'
import type { CallbellClient } from '../callbell/client.ts'
import { CallbellError } from '../callbell/errors.ts'
import type { Contact, NewContact } from '../contact.ts'
import type { RetryBudget } from './retry-budget.ts'

/**
 * - the contact: it is there, so it was created
 * - `NOTHING`: there is no contact with that number
 * - `UNCLEAR`: anything else; nothing may be concluded from it
 */
export type Finding = { readonly contact: Contact } | 'NOTHING' | 'UNCLEAR'

export interface LookingFor {
  readonly contact: NewContact
  readonly origin: Origin
  /** When the first attempt that may have created it left, in milliseconds since the epoch on our clock. */
  readonly began: number
}

/** The lookup may lag behind the write: it is repeated, each wait twice as long as the one before. */
const firstWaitMs = 200

/**
 * Looks until the contact is found, something else is, or the time is up.
 *
 * @param until when the last look is due, on the clock of `performance.now()`
 * @param deadline when the last look must have been answered, on the same clock
 */
export async function reconcile(
  callbell: CallbellClient,
  budget: RetryBudget,
  sought: LookingFor,
  until: number,
  deadline: number,
): Promise<Finding> {
  if (!canBeLookedUp(sought.contact)) return 'UNCLEAR'
  for (let wait = firstWaitMs; ; wait *= 2) {
    const now = performance.now()
    const isLast = now + wait >= until
    const pause = isLast ? Math.max(0, until - now) : wait
    // Cut short, the wait proves nothing: Callbell may still be at it.
    if (now + pause >= deadline) return 'UNCLEAR'
    await delay(pause)
    if (!budget.spend()) return 'UNCLEAR'
    const seen = await look(callbell, budget, sought, deadline)
    // A look that failed says nothing, and the next one may do better.
    if (isLast) return seen === 'FAILED' ? 'UNCLEAR' : seen
    if (seen !== 'FAILED' && seen !== 'NOTHING') return seen
  }
}

/**
 * Only WhatsApp contacts can be asked for by their identifier, and one of dots alone would name
 * another place in the URL.
 */
export function canBeLookedUp({ source, identifier }: NewContact): boolean {
  return source === 'whatsapp' && !/^\.+$/.test(identifier)
}

async function look(
  callbell: CallbellClient,
  budget: RetryBudget,
  { contact, origin, began }: LookingFor,
  deadline: number,
): Promise<Finding | 'FAILED'> {
  try {
    const times = { origin, enterBy: deadline, answerBy: deadline }
    const seen = await callbell.getContactByPhone(contact.identifier, contact.channelUuid, times)
    if (seen.contact === null) return seen.isTold ? 'NOTHING' : 'FAILED'
    // What is older proves nothing: the lookup shows one contact, and a second may stand beside it.
    const isOurs =
      seen.contact.name === contact.name && isSince(seen.contact.createdAt, began + leadOf(seen.clockLeadMs))
    return isOurs ? { contact: seen.contact } : 'UNCLEAR'
  } catch (error) {
    if (!(error instanceof CallbellError)) throw error
    if (error.progress === 'unsent') budget.refund()
    return 'FAILED'
  }
}

/** A lead of less than two seconds is within what whole seconds and the way of the answer make of none. */
function leadOf(clockLeadMs: number): number {
  return Math.abs(clockLeadMs) < 2000 ? 0 : clockLeadMs
}

/** By so much clocks that are kept in step may differ. */
const leewayMs = 250

/** Callbell writes whole seconds, so a contact of this second may bear a time before the attempt's. */
function isSince(createdAt: string | null, moment: number): boolean {
  return createdAt !== null && Date.parse(createdAt) >= Math.floor((moment - leewayMs) / 1000) * 1000
}

/** A create is not idempotent: Callbell creates one more contact or note for each request that it accepts. */
import type { Attempt } from '../../callbell/client.ts'
import type { CreationKind } from '../../domain/call-observer.ts'

export interface CreateOperation<Made> {
  /** What is created, for metrics and the log. */
  readonly kind: CreationKind
  /** A digest input: the same idempotency key must not serve two different ones. */
  fingerprint(): string
  /**
   * What a lookup finds it by. Creations of the same identity run one at a time: a lookup could mistake the
   * contact of one for the contact of another.
   */
  readonly identity: string
  /**
   * Names the lookups of one kind: what one of them finds proves that the others work. Null: they can't prove
   * absence.
   */
  readonly lookup: string | null
  /** Whether Callbell has a lookup for it. */
  readonly canBeLookedUp: boolean
  /**
   * Sends the request that creates it, once.
   *
   * @throws CallbellError, also if the answer shows another contact
   */
  send(attempt: Attempt): Promise<Made>
  /**
   * Sends one lookup. Only called if it can be looked up.
   *
   * @param notBefore Callbell's time at which the first attempt was sent, or earlier, in milliseconds since
   *   the epoch; null if unknown. It may become known by an answer of the lookup itself
   * @param callOnce sends each request of the lookup
   * @throws CallbellError
   */
  lookUp(notBefore: NotBefore, callOnce: CallOnce): Promise<LookupFinding<Made>>
  /**
   * Looks up what was certainly created, to verify that lookups work.
   *
   * @returns whether the lookup shows it
   * @throws CallbellError
   */
  findCreated(made: Made, callOnce: CallOnce): Promise<boolean>
  /** @returns what was created, from the JSON value in the store */
  restore(stored: unknown): Made
  /** How to read from Callbell what was created if it is too large for the store. Omitted: it never is. */
  readonly reference?: Reference<Made>
}

export type NotBefore = () => number | null

/** Sends one request, within the budget and the deadline of the lookup. */
export type CallOnce = <T>(call: (attempt: Attempt) => Promise<T>) => Promise<T>

export interface Reference<Made> {
  /** @returns null if it can't be read by a reference */
  of(made: Made): string | null
  /**
   * Reads it from Callbell once.
   *
   * @returns null if Callbell no longer has it
   * @throws CallbellError
   */
  read(reference: string, attempt: Attempt): Promise<Made | null>
}

/**
 * - what was created: a lookup found it
 * - `ABSENT`: no lookup finds it now
 * - `INCONCLUSIVE`: anything else; nothing follows from it
 */
export type LookupFinding<Made> = { readonly made: Made } | 'ABSENT' | 'INCONCLUSIVE'

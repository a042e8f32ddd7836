/** An operation that is not idempotent: Callbell makes one more thing for each request that it accepts. */
import type { Attempt } from '../../callbell/client.ts'
import type { CreationKind } from '../../domain/call-observer.ts'

export interface CreateOperation<Made> {
  /** What is made, for metrics and the log. */
  readonly kind: CreationKind
  /** A digest input: the same idempotency key must not serve two different ones. */
  fingerprint(): string
  /**
   * What a lookup finds it by. Creations of the same identity run one at a time, as a lookup could take
   * what one of them made for what another made.
   */
  readonly identity: string
  /**
   * Names the lookups that are alike: what one of them finds proves the others. Null: they prove no absence.
   */
  readonly lookup: string | null
  /** Whether Callbell can be asked for it. */
  readonly canBeLookedUp: boolean
  /**
   * Sends the request that makes it, once.
   *
   * @throws CallbellError, also where the answer shows something else than was asked for
   */
  send(attempt: Attempt): Promise<Made>
  /**
   * Looks once whether it is there. Only called where it can be looked up.
   *
   * @param notBefore Callbell's time at which the first attempt was sent, or earlier, in milliseconds since
   *   the epoch; null where it is unknown. An answer of the lookup itself may make it known
   * @param ask sends each request of the lookup
   * @throws CallbellError
   */
  probe(notBefore: NotBefore, ask: CallOnce): Promise<LookupFinding<Made>>
  /**
   * Looks up what was surely made, to find out whether lookups work.
   *
   * @returns whether the lookup shows it
   * @throws CallbellError
   */
  findAgain(made: Made, ask: CallOnce): Promise<boolean>
  /** What was made, from what the store's JSON text kept of it. */
  restore(stored: unknown): Made
  /** How to read again what was made where it is too large to be stored. Left out: it never is. */
  readonly reference?: Reference<Made>
}

export type NotBefore = () => number | null

/** Makes one call of the client, within the budget and the deadline of the lookup. */
export type CallOnce = <T>(call: (attempt: Attempt) => Promise<T>) => Promise<T>

export interface Reference<Made> {
  /** @returns null where it can't be asked for */
  of(made: Made): string | null
  /**
   * Asks Callbell once.
   *
   * @returns null where Callbell no longer has it
   * @throws CallbellError
   */
  read(reference: string, attempt: Attempt): Promise<Made | null>
}

/**
 * - what was made: it is there
 * - `ABSENT`: every lookup says that it is not there now
 * - `INCONCLUSIVE`: anything else; nothing may be concluded from it
 */
export type LookupFinding<Made> = { readonly made: Made } | 'ABSENT' | 'INCONCLUSIVE'

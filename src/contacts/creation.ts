/** Something of which Callbell makes one more for each request that it accepts, and we make only one. */
import type { Times } from '../callbell/client.ts'

export interface Creation<Made> {
  /** Tells it from any other: the same idempotency key must not serve two. */
  fingerprint(): string
  /** Whether Callbell can be asked for it. */
  readonly canBeLookedUp: boolean
  /**
   * Sends the request that makes it, once.
   *
   * @throws CallbellError
   */
  attempt(times: Times): Promise<Made>
  /**
   * Looks once whether it is there. Only asked where it can be looked up.
   *
   * @param began when the first attempt that may have made it left, in milliseconds since the epoch on our clock
   * @returns `FAILED` where the answer is none of Callbell's
   * @throws CallbellError
   */
  look(began: number, times: Times): Promise<Finding<Made> | 'FAILED'>
  /** What was made, from what the store's JSON text kept of it. */
  restore(stored: unknown): Made
  /** How to read again what was made where it is too large to be stored. Left out: it never is. */
  readonly reference?: Reference<Made>
}

export interface Reference<Made> {
  /** @returns null where it can't be asked for */
  of(made: Made): string | null
  /**
   * Asks Callbell once.
   *
   * @returns null where Callbell no longer has it
   * @throws CallbellError
   */
  read(reference: string, times: Times): Promise<Made | null>
}

/**
 * - what was made: it is there
 * - `NOTHING`: it is surely not there now
 * - `UNCLEAR`: anything else; nothing may be concluded from it
 */
export type Finding<Made> = { readonly made: Made } | 'NOTHING' | 'UNCLEAR'

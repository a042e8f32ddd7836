/**
 * Calibration of lookups: a lookup proves absence only if lookups are known to find what is there. Callbell may
 * store a number in one form and look it up in another, or show no notes. So the gateway looks up something
 * that was certainly created, by the same input. Until a lookup has found it, "not found" proves nothing.
 */
import type { Logger } from '../../domain/logger.ts'
import type { CreationKind } from '../../domain/call-observer.ts'
import type { CallOnce, CreateOperation } from './creation.ts'

type Lookup = Pick<CreateOperation<unknown>, 'kind' | 'lookup'>

export interface Calibration {
  /** Whether the latest lookup of something that was certainly created, of the same kind and lookup, found it. */
  proves(creation: Lookup): boolean
  /** Whether any lookup of this kind has found it. */
  readonly isProved: (kind: CreationKind) => boolean
  /**
   * Called with everything that was created. Looks up some of it in the background: the first one, then one
   * every ten minutes, and after a lookup that found nothing one every ten seconds.
   */
  created<Made>(creation: CreateOperation<Made>, made: Made): void
  /** Called when a lookup has found what an ambiguous attempt created, which is a proof, too. */
  found(creation: Lookup): void
}

export interface CalibrationOptions {
  /** Sends a request on behalf of the gateway itself. */
  readonly createCall: () => CallOnce
  readonly log: Logger
  /** The kinds that count as proved from the start. Default: none. */
  readonly proved?: readonly CreationKind[] | undefined
}

const everyMs = 600_000
const againAfterMs = 10_000
/** Callers choose channels: lookups on further ones prove nothing. */
const maxStates = 300
/** The lookup may lag behind the write. */
const delaysMs = [200, 2000]

interface LookupState {
  readonly kind: CreationKind
  isProved: boolean
  isRunning: boolean
  /** On the clock of `performance.now()`. */
  nextAt: number
}

export function createCalibration({ createCall, log, proved = [] }: CalibrationOptions): Calibration {
  /** By kind and lookup. */
  const states = new Map<string, LookupState>()

  /** @returns undefined if lookups of it prove nothing, or there are too many states */
  function stateOf({ kind, lookup }: Lookup): LookupState | undefined {
    if (lookup === null) return undefined
    const name = `${kind} ${lookup}`
    const existing = states.get(name)
    if (existing || states.size >= maxStates) return existing
    const isProved = proved.includes(kind)
    const nextAt = isProved ? performance.now() + everyMs : 0
    const state = { kind, isProved, isRunning: false, nextAt }
    states.set(name, state)
    return state
  }

  function conclude(state: LookupState, isFound: boolean): void {
    const { kind } = state
    state.nextAt = performance.now() + (isFound ? everyMs : againAfterMs)
    if (isFound === state.isProved) return
    state.isProved = isFound
    if (isFound)
      log.info({ kind }, 'lookups find what was created, so they can prove that nothing was created')
    else
      log.warn(
        { kind },
        'a lookup did not find what was just created, so lookups prove nothing until one does',
      )
  }

  async function calibrate<Made>(
    creation: CreateOperation<Made>,
    made: Made,
    state: LookupState,
  ): Promise<void> {
    const { kind } = creation
    for (const wait of delaysMs) {
      await new Promise((resolve) => setTimeout(resolve, wait).unref())
      try {
        if (await creation.findCreated(made, createCall())) {
          conclude(state, true)
          return
        }
      } catch (error) {
        // Callbell did not answer, or not with a valid answer: that proves nothing about its lookups.
        log.debug({ kind, reason: String(error) }, 'a lookup for the calibration failed')
        state.nextAt = performance.now() + againAfterMs
        return
      }
    }
    if (!state.isProved) log.warn({ kind }, 'a lookup does not find what was just created')
    conclude(state, false)
  }

  return {
    proves: (creation) => stateOf(creation)?.isProved ?? false,
    isProved: (kind) =>
      proved.includes(kind) || [...states.values()].some((state) => state.kind === kind && state.isProved),
    created(creation, made) {
      if (!creation.canBeLookedUp) return
      const state = stateOf(creation)
      if (state === undefined || state.isRunning || performance.now() < state.nextAt) return
      state.isRunning = true
      void calibrate(creation, made, state).finally(() => (state.isRunning = false))
    },
    found(creation) {
      const state = stateOf(creation)
      if (state) conclude(state, true)
    },
  }
}

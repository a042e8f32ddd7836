/** The key of a user's action, which a storage may keep until the outcome is certain. */
import type { KeyedVariables, OnceStorage } from './once-types.ts'
import { parseJson, propertyOf } from './unknown-value.ts'

/** A user's action with its key. */
export interface Action {
  readonly key: string
  /** Whether an earlier call may have sent the key. */
  readonly isRepeat: boolean
  /** By the wall clock: no other clock survives a page load, or runs while a machine is suspended. */
  readonly startedAt: number
  /** What the storage threw; then nothing may be sent. */
  readonly problem?: unknown
  /** Removes the key from the storage. It throws what the storage throws. */
  forget(): Promise<void>
}

interface StoredAction<Variables> {
  readonly key: string
  readonly variables: Variables
  readonly startedAt: number
}

/** @returns an action that nothing stores */
export async function startAction({ input }: KeyedVariables): Promise<Action> {
  const key = input.idempotencyKey ?? (await createKey())
  return { key, isRepeat: false, startedAt: Date.now(), forget: async () => undefined }
}

/**
 * Continues the stored action if its input is equal, else stores a new one in its place. An equal input with
 * another key of the application is another action.
 *
 * @param storage may throw: the action then has a problem
 */
export async function storeAction(
  variables: KeyedVariables,
  storage: OnceStorage,
  name: string,
): Promise<Action> {
  const item = itemName(name)
  const fresh = await startAction(variables)
  const { key, startedAt } = fresh
  // It may be unknown whether an earlier call has sent a key.
  let isRepeat = true
  try {
    const text = await storage.getItem(item)
    const stored = readStored<KeyedVariables>(text)
    if (stored && isSame(stored, variables)) {
      const forget = (): Promise<void> => remove(storage, item, text)
      return { key: stored.key, isRepeat, startedAt: stored.startedAt, forget }
    }
    isRepeat = false
    const next = JSON.stringify({ key, variables, startedAt } satisfies StoredAction<KeyedVariables>)
    await storage.setItem(item, next)
    return { ...fresh, forget: () => remove(storage, item, next) }
  } catch (problem) {
    return { ...fresh, isRepeat, problem }
  }
}

function isSame(stored: StoredAction<KeyedVariables>, variables: KeyedVariables): boolean {
  const given = variables.input.idempotencyKey ?? stored.key
  return given === stored.key && inputOf(stored.variables) === inputOf(variables)
}

/** Removes an item, unless another action has replaced it. */
async function remove(storage: OnceStorage, item: string, text: unknown): Promise<void> {
  if ((await storage.getItem(item)) === text) await storage.removeItem(item)
}

/**
 * Reads the variables of an action whose outcome is not certain yet, for example after a page load. Pass them to
 * `once` with the same name. It throws what the storage throws.
 *
 * @returns null if no action of this name is stored
 */
export async function pendingVariables<Variables extends KeyedVariables>(
  storage: OnceStorage,
  name: string,
): Promise<Variables | null> {
  return readStored<Variables>(await storage.getItem(itemName(name)))?.variables ?? null
}

function itemName(name: string): string {
  return `callbell-graphql-once:${name}`
}

function readStored<Variables>(text: unknown): StoredAction<Variables> | undefined {
  const value = parseJson(text)
  return isStored<Variables>(value) ? value : undefined
}

/** Others may write to the storage: anything but a stored action is ignored. */
function isStored<Variables>(value: unknown): value is StoredAction<Variables> {
  const input = propertyOf(propertyOf(value, 'variables'), 'input')
  return (
    typeof propertyOf(value, 'key') === 'string' &&
    typeof propertyOf(value, 'startedAt') === 'number' &&
    typeof input === 'object' &&
    input !== null
  )
}

/** @returns the input without its key, as JSON in which the order of properties does not matter */
function inputOf({ input }: KeyedVariables): string {
  return JSON.stringify({ ...input, idempotencyKey: undefined }, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    // oxlint-disable-next-line unicorn/no-array-sort -- Node 18 has no `toSorted`
    return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}

interface RandomSource {
  randomUUID?: () => string
  getRandomValues(bytes: Uint8Array<ArrayBuffer>): Uint8Array
}

/** Not a literal, so that bundlers for browsers do not resolve it. */
const nodeCrypto: string = 'node:crypto'

/** @returns a random key. Pages without TLS lack `randomUUID`, and Node 18 lacks the global `crypto` */
async function createKey(): Promise<string> {
  const { crypto }: { readonly crypto?: RandomSource } = globalThis
  const random: RandomSource =
    crypto ?? (await import(/* @vite-ignore */ /* webpackIgnore: true */ nodeCrypto)).webcrypto
  if (random.randomUUID !== undefined) return random.randomUUID()
  const bytes = random.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

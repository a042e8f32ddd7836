/** Serializes anything for the log: bounded plain data, redacted in the same walk, before any of it becomes text. */
import type { KeyKind, Redactor } from './redact.ts'
import { createRedactor, redacted } from './redact.ts'

/** Levels of nesting. What is deeper is cut. */
const maxDepth = 8
/** Values in one line. What follows is cut. */
const maxValues = 200
/** A line of a stack trace that names a source position. The others repeat the message. */
const stackFrame = /^ {4}at .*(?::\d+:\d+|<anonymous>|native)\)?$/

export interface Serializer {
  /**
   * @returns a copy without secrets and contact data
   * @throws what `Object.keys` throws of a proxy
   */
  readonly fields: (fields: object) => Record<string, unknown>
  /** The same for a single value, for example a message. Undefined for what JSON has no form for. */
  readonly value: (value: unknown) => unknown
}

/**
 * An error becomes `{ type, message, stack, code, cause }` wherever it is. Its other properties may
 * contain what was sent (`data` of undici, `input` of Node) and are dropped.
 *
 * @param secrets the known ones, none empty
 */
export function createSerializer(secrets: readonly string[]): Serializer {
  const redactor = createRedactor(secrets)
  return {
    fields: (fields) => new Walk(redactor).entries(fields, [fields]),
    value: (value) => new Walk(redactor).value(value, 'other', []),
  }
}

/** The walk through one line, which counts its values. */
class Walk {
  private readonly redactor: Redactor
  private left = maxValues

  constructor(redactor: Redactor) {
    this.redactor = redactor
  }

  value(value: unknown, kind: KeyKind, ancestors: readonly object[]): unknown {
    this.left -= 1
    // JSON has no form for these.
    if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return undefined
    if (kind === 'hidden') return redacted
    if (typeof value === 'string') return this.redactor.string(value, kind)
    if (typeof value === 'bigint') return this.redactor.string(String(value), kind)
    if (typeof value !== 'object' || value === null) return value
    if (ancestors.includes(value)) return '[circular]'
    if (this.left <= 0 || ancestors.length >= maxDepth) return '[cut]'
    return attempt(() => this.object(value, kind, [...ancestors, value]))
  }

  /** Leaves out what JSON has no form for, so that an undefined field does not replace a binding. */
  entries(value: object, path: readonly object[]): Record<string, unknown> {
    const keys = Object.keys(value).slice(0, Math.max(0, this.left))
    return Object.fromEntries(
      keys.flatMap((key) => {
        const { name, kind } = this.redactor.key(key)
        const item = attempt(() => this.value(Reflect.get(value, key), kind, path))
        return item === undefined ? [] : [[name, item]]
      }),
    )
  }

  private object(value: object, kind: KeyKind, path: readonly object[]): unknown {
    if (value instanceof Error) return this.entries(partsOf(value), path)
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      return this.value(value.toJSON(), kind, path)
    }
    if (Array.isArray(value)) return value.slice(0, this.left).map((item) => this.value(item, 'other', path))
    return this.entries(value, path)
  }
}

function partsOf(error: Error): object {
  const { name: type, message, stack, cause } = error
  const frames = String(stack)
    .split('\n')
    .filter((line) => stackFrame.test(line))
  return { type, message, stack: frames.join('\n'), code: 'code' in error ? error.code : undefined, cause }
}

/** A getter or a proxy may throw anything. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return '[unreadable]'
  }
}

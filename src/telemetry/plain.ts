/** Whatever is handed to the log as plain data: reading it does not fail, and it has an end. */

/** Deeper is cut … */
const deepest = 8
/** … and so is what comes after so many values of one line. */
const mostValues = 200
/** A line of a stack that says where, not what. */
const frame = /^ {4}at .*(?::\d+:\d+|<anonymous>|native)\)?$/

/**
 * Errors, wherever they are, become `{ type, message, stack, code, cause }`, and nothing else of
 * them: their other properties may hold what was sent (undici's `data`, Node's `input`). Of a
 * stack the frames are kept, as its head repeats the message.
 */
export function toPlain(fields: object): Record<string, unknown> {
  let left = mostValues

  function plain(value: unknown, ancestors: readonly object[]): unknown {
    left -= 1
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'object' || value === null) return value
    if (ancestors.includes(value)) return '[circular]'
    if (left <= 0 || ancestors.length >= deepest) return '[cut]'
    const line = [...ancestors, value]
    return attempt(() => {
      if (value instanceof Error) return plainObject(partsOf(value), line)
      if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
      if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), line)
      if (Array.isArray(value)) return value.slice(0, left).map((item) => plain(item, line))
      return plainObject(value, line)
    })
  }

  function plainObject(value: object, line: readonly object[]): Record<string, unknown> {
    const keys = Object.keys(value).slice(0, Math.max(0, left))
    return Object.fromEntries(keys.map((key) => [key, attempt(() => plain(Reflect.get(value, key), line))]))
  }

  return plainObject(fields, [fields])
}

function partsOf(error: Error): object {
  const { name: type, message, stack, cause } = error
  const frames = String(stack)
    .split('\n')
    .filter((line) => frame.test(line))
  return { type, message, stack: frames.join('\n'), code: 'code' in error ? error.code : undefined, cause }
}

/** A getter, or a proxy, may throw anything. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return '[unreadable]'
  }
}

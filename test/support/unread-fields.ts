/** Finds fields that a validator never reads: if it knows a schema's fields, those that the schema lacks. */

/**
 * Passes `value` to `read`, and records each access.
 *
 * @returns the paths of all fields that `read` did not access
 */
export function unreadFields(value: object, read: (watched: object) => void): string[] {
  const unread = new Set<string>()

  function watch(target: object, path: string): object {
    const places = Object.keys(target).map((name) => `${path}/${name}`)
    if (!Array.isArray(target)) for (const place of places) unread.add(place)
    return new Proxy(target, {
      get(_, name) {
        const field: unknown = Reflect.get(target, name)
        if (typeof name === 'symbol') return field
        const place = `${path}/${name}`
        unread.delete(place)
        return typeof field === 'object' && field !== null ? watch(field, place) : field
      },
    })
  }

  read(watch(value, ''))
  return [...unread]
}

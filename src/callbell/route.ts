/** A path of the API with its parameters' names in place of their values, which are of contacts. */

/** What comes behind these under `/contacts/` is a parameter of its own. */
const lookups: Readonly<Record<string, string>> = { phone: '{number}', bsuid: '{bsuid}' }

/**
 * @param path below the base URL, with or without a query
 * @returns for example `/contacts/{uuid}/messages`: one of a small number
 */
export function routeOf(path: string): string {
  const [pathname = ''] = path.split('?', 1)
  const [, resource = '', first, ...rest] = pathname.split('/')
  if (resource !== 'contacts' || first === undefined) return pathname
  const parameter = rest.length > 0 ? lookups[first] : undefined
  return parameter === undefined
    ? ['', resource, '{uuid}', ...rest].join('/')
    : `/${resource}/${first}/${parameter}`
}

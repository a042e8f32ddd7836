/** What browsers are told about every answer. The playground's page brings a policy of its own. */
export const securityHeaders: Readonly<Record<string, string>> = {
  // An answer is data: nothing in it may run, be framed, or be taken for another type.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Contacts are people: no cache on the way keeps them.
  'cache-control': 'no-store',
}

/** What the upstream, the attacker and the honest caller know of each other. */
export const keyId = 'bench'

/** Contacts with something to them; every other uuid names an ordinary one. */
export const slowContact = 'slow'
export const sharedContact = 'shared'

/** Names with which a create is answered otherwise than by a contact. */
export const names = {
  /** By a 400 of a megabyte. */
  refused: 'refused',
  /** By a 500. */
  failed: 'failed',
} as const

/** The name of the contact with this uuid. */
export const contactName = (uuid: string): string => `Contact ${uuid}`

/** API keys, each a caller of its own. `metrics` reads the metrics and nothing else. */
export const apiKeys = {
  honest: 'the-honest-caller',
  attacker: 'the-attacker',
  metrics: 'the-monitoring',
} as const

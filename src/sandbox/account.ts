/** The contents of the sandbox's account. docs/sandbox.md lists them: change both together. */

export const tags = ['Called back', 'Interested', 'Newsletter', 'VIP'] as const

/** The type of a custom field, with options if they are fixed. */
export type FieldType =
  | { readonly type: 'text' | 'email' | 'number' | 'date' }
  | { readonly type: 'dropdown' | 'checkbox'; readonly options: readonly string[] }

export const customFields: ReadonlyMap<string, FieldType> = new Map<string, FieldType>([
  ['Billing Address', { type: 'text' }],
  ['Work E-mail', { type: 'email' }],
  ['Age', { type: 'number' }],
  ['Birthday', { type: 'date' }],
  ['Plan', { type: 'dropdown', options: ['Free', 'Pro', 'Enterprise'] }],
  ['Preferences', { type: 'checkbox', options: ['Dark Mode', 'Notifications', 'Weekly Report'] }],
])

/** E-mail addresses of the confirmed users. */
export const users = ['ada@example.com', 'alan@example.com'] as const

export const teams = [
  {
    uuid: '5a1e5000000000000000000000000001',
    name: 'Sales',
    createdAt: '2020-01-01T09:00:00Z',
    default: true,
    members: 2,
  },
  {
    uuid: '5a1e5000000000000000000000000002',
    name: 'Support',
    createdAt: '2020-01-01T09:05:00Z',
    default: false,
    members: 1,
  },
] as const

export const channels = [
  channel('c4a00000000000000000000000000001', 'WhatsApp Milano', 'whatsapp', true),
  channel('c4a00000000000000000000000000002', 'WhatsApp Roma', 'whatsapp', false),
  channel('c4a00000000000000000000000000003', 'Facebook page', 'facebook', true),
  channel('c4a00000000000000000000000000004', 'Instagram profile', 'instagram', true),
  channel('c4a00000000000000000000000000005', 'Telegram bot', 'telegram', true),
] as const

function channel(uuid: string, title: string, type: string, main: boolean) {
  return { uuid, title, type, main, discardedAt: null }
}

/** The times of funnels have the format of the documentation of `GET /funnels`, unlike all others. */
export const funnels = [
  funnel('f0aae100-0000-4000-8000-000000000001', 1, 'Awareness', '👀', '2025-12-16 21:32:44 +0100'),
  funnel('f0aae100-0000-4000-8000-000000000002', 2, 'Interest', '✨', '2025-12-18 19:54:45 +0100'),
  funnel('f0aae100-0000-4000-8000-000000000003', 3, 'Decision', '🎯', '2025-12-18 20:00:19 +0100'),
] as const

function funnel(uuid: string, position: number, name: string, emoji: string, createdAt: string) {
  return { position, name, emoji, createdAt, uuid }
}

/** The account's only bot. */
export const bot = {
  uuid: 'b0700000000000000000000000000001',
  name: 'Welcome bot',
  version: 5,
  latestBotVersion: true,
} as const

/** The contact that always exists: the one of Callbell's own documentation. */
export const firstContact = {
  uuid: '414a6d692bd645ed803f2e7ce360d4c8',
  createdAt: '2020-11-13T21:08:53Z',
  parameters: { identifier: '123456789', source: 'whatsapp', name: 'John Doe' },
} as const

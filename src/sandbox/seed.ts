/** Seeds the account with realistic contacts. They are always the same. */
import type { FieldType } from './account.ts'
import { bot, channels, customFields, funnels, tags, teams, users } from './account.ts'
import type { CustomValues } from './custom-fields.ts'
import { toCustomFields } from './custom-fields.ts'
import type { ContactRecord } from './contact-record.ts'
import { mainChannel } from './contact-record.ts'
import type { WireBot, WireContact } from './wire.ts'
import { hrefsOf, formatTime } from './wire.ts'
import type { Locale } from './locales.ts'
import { locales, nicknames, notes } from './locales.ts'
import type { Random } from './random.ts'
import { createRandom } from './random.ts'
import { createMessages } from './seed-messages.ts'

const hour = 3_600_000
const day = 24 * hour

/** Contacts are created within four years from this time. */
const firstCreation = Date.parse('2021-01-01T08:00:00Z')

/** Weighted by repetition. The gateway does not know the last one. */
const sources = [
  'whatsapp',
  'whatsapp',
  'whatsapp',
  'whatsapp',
  'facebook',
  'instagram',
  'telegram',
  'webchat',
] as const

/** @param count the number of contacts. A higher count adds contacts, and does not change the first ones */
export function createSeed(count: number): ContactRecord[] {
  const random = createRandom(2021)
  return Array.from({ length: count }, () => createSeedRecord(random))
}

function createSeedRecord(random: Random): ContactRecord {
  const locale = random.pick(locales)
  const createdAt = firstCreation + random.integer(4 * 365) * day + random.integer(day)
  const activeAt = createdAt + random.integer(90) * day + random.integer(12) * hour
  const contact = createContact(random, locale, createdAt, activeAt)
  // One in ten has several pages of messages. Most have a few messages.
  const length = random.chance(10) ? 21 + random.integer(30) : random.integer(5)
  const messageSeed = random.integer(2 ** 32)
  return {
    contact,
    // Created lazily, because there are more messages than anything else.
    get messages() {
      const span = { from: createdAt, until: activeAt, length }
      return createMessages(createRandom(messageSeed), locale, contact, span)
    },
    bot: createBot(random, createdAt),
    activeAt,
  }
}

function createContact(random: Random, locale: Locale, createdAt: number, activeAt: number): WireContact {
  const uuid = random.uuid()
  const source = random.pick(sources)
  const isWhatsApp = source === 'whatsapp'
  const hasBsuid = isWhatsApp && random.chance(20)
  const phoneNumber = phoneOf(random, locale)
  // Observed on the live API: a Facebook contact with neither name nor number.
  const isNameless = source === 'facebook' && random.chance(30)
  return {
    uuid,
    name: isNameless ? null : nameOf(random, locale),
    // A WhatsApp user may hide the number behind a business-scoped id.
    phoneNumber: isWhatsApp && !(hasBsuid && random.chance(30)) ? phoneNumber : null,
    avatarUrl: random.chance(30) ? `https://assets.example.com/avatars/${uuid}.png` : null,
    createdAt: formatTime(createdAt),
    closedAt: random.chance(40) ? formatTime(activeAt) : null,
    blockedAt: random.chance(4) ? formatTime(activeAt + hour) : null,
    source,
    ...hrefsOf(uuid),
    tags: tags.filter(() => random.chance(25)),
    assignedUser: random.chance(60) ? random.pick(users) : null,
    customFields: toCustomFields(customValues(random, locale)),
    funnelId: random.chance(50) ? random.pick(funnels).uuid : null,
    note: random.chance(20) ? random.pick(notes) : null,
    ...(hasBsuid && { bsuid: `bsuid_${random.uuid().slice(0, 16)}` }),
    team: random.chance(90) ? random.pick(teams) : null,
    channel: (isWhatsApp && random.chance(30) ? channels[1] : mainChannel(source)) ?? null,
  }
}

function nameOf(random: Random, { given, family, isFamilyFirst }: Locale): string {
  if (random.chance(6)) return random.pick(nicknames)
  const names = [random.pick(given), random.pick(family)]
  return (isFamilyFirst ? names.toReversed() : names).join(' ')
}

/** With or without spaces: both occur on the live API. */
function phoneOf(random: Random, { phone: [prefix, groups] }: Locale): string {
  const rest = groups.map((length) => String(random.integer(10 ** length)).padStart(length, '0')).join(' ')
  return random.chance(50) ? `${prefix}${rest}` : `${prefix}${rest}`.replaceAll(/\D/g, '')
}

/** A value for some of the account's custom fields. */
function customValues(random: Random, { street }: Locale): CustomValues {
  const fields = [...customFields].filter(() => random.chance(35))
  return Object.fromEntries(fields.map(([name, field]) => [name, valueFor(random, field, street)]))
}

function valueFor(random: Random, field: FieldType, street: string): string | readonly string[] {
  if (field.type === 'checkbox') return field.options.filter(() => random.chance(50))
  if (field.type === 'dropdown') return field.options[random.integer(field.options.length)] ?? ''
  if (field.type === 'email') return `contact.${random.integer(10_000)}@example.com`
  if (field.type === 'number') return String(18 + random.integer(70))
  if (field.type === 'date') return formatTime(random.integer(16_000) * day).slice(0, 10)
  return `${street} ${1 + random.integer(99)}`
}

function createBot(random: Random, createdAt: number): WireBot {
  const status = random.pick(['started', 'in_progress', 'ended'])
  return { ...bot, status, conversationStartedAt: status === 'started' ? null : formatTime(createdAt) }
}

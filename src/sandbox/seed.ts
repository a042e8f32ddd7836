/** An account that looks lived in, for a first look at lists and forms: always the same one. */
import type { FieldType } from './account.ts'
import { bot, channels, customFields, funnels, tags, teams, users } from './account.ts'
import type { CustomValues } from './custom-fields.ts'
import { writeCustomFields } from './custom-fields.ts'
import type { Entry } from './contact-record.ts'
import { mainChannel } from './contact-record.ts'
import type { WireBot, WireContact } from './wire.ts'
import { hrefsOf, writeTime } from './wire.ts'
import type { Culture } from './locales.ts'
import { cultures, nicknames, notes } from './locales.ts'
import type { Dice } from './random.ts'
import { createDice } from './random.ts'
import { writeMessages } from './seed-messages.ts'

const hour = 3_600_000
const day = 24 * hour

/** Contacts were created within four years from here. */
const beginning = Date.parse('2021-01-01T08:00:00Z')

/** Weighed by repetition; the last is a word that the gateway does not know. */
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

/** @param count how many contacts; the first ones do not depend on it */
export function createSeed(count: number): Entry[] {
  const dice = createDice(2021)
  return Array.from({ length: count }, () => createEntry(dice))
}

function createEntry(dice: Dice): Entry {
  const culture = dice.pick(cultures)
  const createdAt = beginning + dice.roll(4 * 365) * day + dice.roll(day)
  const activeAt = createdAt + dice.roll(90) * day + dice.roll(12) * hour
  const contact = createContact(dice, culture, createdAt, activeAt)
  // One in ten has pages of messages, most have a few.
  const length = dice.happens(10) ? 21 + dice.roll(30) : dice.roll(5)
  const game = dice.roll(2 ** 32)
  return {
    contact,
    // Written when they are asked for: there are more of them than of all else.
    get messages() {
      const span = { from: createdAt, until: activeAt, length }
      return writeMessages(createDice(game), culture, contact, span)
    },
    bot: createBot(dice, createdAt),
    activeAt,
  }
}

function createContact(dice: Dice, culture: Culture, createdAt: number, activeAt: number): WireContact {
  const uuid = dice.uuid()
  const source = dice.pick(sources)
  const isWhatsApp = source === 'whatsapp'
  const hasBsuid = isWhatsApp && dice.happens(20)
  const phoneNumber = phoneOf(dice, culture)
  // Seen on the live API: a contact of Facebook's with neither name nor number.
  const isNameless = source === 'facebook' && dice.happens(30)
  return {
    uuid,
    name: isNameless ? null : nameOf(dice, culture),
    // A WhatsApp user may hide the number behind a business-scoped id.
    phoneNumber: isWhatsApp && !(hasBsuid && dice.happens(30)) ? phoneNumber : null,
    avatarUrl: dice.happens(30) ? `https://assets.example.com/avatars/${uuid}.png` : null,
    createdAt: writeTime(createdAt),
    closedAt: dice.happens(40) ? writeTime(activeAt) : null,
    blockedAt: dice.happens(4) ? writeTime(activeAt + hour) : null,
    source,
    ...hrefsOf(uuid),
    tags: tags.filter(() => dice.happens(25)),
    assignedUser: dice.happens(60) ? dice.pick(users) : null,
    customFields: writeCustomFields(customValues(dice, culture)),
    funnelId: dice.happens(50) ? dice.pick(funnels).uuid : null,
    note: dice.happens(20) ? dice.pick(notes) : null,
    ...(hasBsuid && { bsuid: `bsuid_${dice.uuid().slice(0, 16)}` }),
    team: dice.happens(90) ? dice.pick(teams) : null,
    channel: (isWhatsApp && dice.happens(30) ? channels[1] : mainChannel(source)) ?? null,
  }
}

function nameOf(dice: Dice, { given, family, isFamilyFirst }: Culture): string {
  if (dice.happens(6)) return dice.pick(nicknames)
  const names = [dice.pick(given), dice.pick(family)]
  return (isFamilyFirst ? names.toReversed() : names).join(' ')
}

/** With or without its spaces: both were seen on the live API. */
function phoneOf(dice: Dice, { phone: [prefix, groups] }: Culture): string {
  const rest = groups.map((length) => String(dice.roll(10 ** length)).padStart(length, '0')).join(' ')
  return dice.happens(50) ? `${prefix}${rest}` : `${prefix}${rest}`.replaceAll(/\D/g, '')
}

/** A value for some of the account's custom fields. */
function customValues(dice: Dice, { street }: Culture): CustomValues {
  const fields = [...customFields].filter(() => dice.happens(35))
  return Object.fromEntries(fields.map(([name, field]) => [name, valueFor(dice, field, street)]))
}

function valueFor(dice: Dice, field: FieldType, street: string): string | readonly string[] {
  if (field.type === 'checkbox') return field.options.filter(() => dice.happens(50))
  if (field.type === 'dropdown') return field.options[dice.roll(field.options.length)] ?? ''
  if (field.type === 'email') return `contact.${dice.roll(10_000)}@example.com`
  if (field.type === 'number') return String(18 + dice.roll(70))
  if (field.type === 'date') return writeTime(dice.roll(16_000) * day).slice(0, 10)
  return `${street} ${1 + dice.roll(99)}`
}

function createBot(dice: Dice, createdAt: number): WireBot {
  const status = dice.pick(['started', 'in_progress', 'ended'])
  return { ...bot, status, conversationStartedAt: status === 'started' ? null : writeTime(createdAt) }
}

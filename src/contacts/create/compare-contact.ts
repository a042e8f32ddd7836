/** Whether a contact in an answer of Callbell is the contact that was to be created. Pure. */
import type { Contact, CustomField, NewContact, NewCustomField } from '../../domain/contact.ts'
import { sameNumber } from './phone-forms.ts'

/**
 * Whether the contact is certainly another one than was to be created, as where a proxy mixes up answers: the
 * name or the last six digits of the number differ. Fields that Callbell does not show are not compared.
 */
export function isOtherContact({ identifier, name, source }: NewContact, shown: Contact): boolean {
  if (shown.name !== null && shown.name !== name && !isSameText(shown.name, name)) return true
  if (source !== 'whatsapp' || shown.phoneNumber === null || shown.phoneNumber === identifier) return false
  return sameNumber(shown.phoneNumber, identifier) === false
}

/** Whether everything that was sent and that Callbell shows agrees. */
export function showsAllOf(sent: NewContact, shown: Contact): boolean {
  return (
    !isOtherContact(sent, shown) &&
    matches(sent.source, shown.sourceName) &&
    matches(sent.note, shown.note) &&
    matches(sent.assignedUser?.toLowerCase(), shown.assignedUser?.toLowerCase()) &&
    matches(sent.teamUuid, shown.team?.uuid) &&
    matches(sent.channelUuid, shown.channel?.uuid) &&
    (sent.tags ?? []).every((tag) => shown.tags.includes(tag)) &&
    (sent.customFields ?? []).every((field) => hasField(shown.customFields, field))
  )
}

/** An empty value may be shown as none. */
function matches(sent: string | undefined, shown: string | null | undefined): boolean {
  return sent === undefined || sent === '' || shown === null || shown === undefined || shown === sent
}

function hasField(shown: readonly CustomField[], { name, value }: NewCustomField): boolean {
  if (value.length === 0) return true
  const field = shown.find((one) => one.name === name)
  if (field === undefined) return false
  if (typeof value === 'string') return field.value === value
  const values = field.values
  return values !== null && values.length === value.length && value.every((item) => values.includes(item))
}

/** Callbell may trim a name, or write it in another Unicode form or case. */
function isSameText(one: string, other: string): boolean {
  return normalize(one) === normalize(other)
}

function normalize(text: string): string {
  return text.normalize('NFC').trim().replaceAll(/\s+/g, ' ').toLowerCase()
}

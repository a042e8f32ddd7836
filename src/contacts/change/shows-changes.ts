/** Whether a contact shows the changes that were sent. Pure. */
import type { Contact, ContactChanges, CustomField, NewCustomField } from '../../domain/contact.ts'

/** @returns whether the contact shows each of the changes; never for a change of the bot, which no contact shows */
export function showsChanges(changes: Omit<ContactChanges, 'tags'>, contact: Contact): boolean {
  const { name, note, assignedUser, customFields = [], teamUuid, botStatus } = changes
  return (
    botStatus === undefined &&
    isShown(name, contact.name) &&
    // Callbell shows an empty note as none.
    isShown(note, contact.note ?? '') &&
    isShown(assignedUser, contact.assignedUser) &&
    isShown(teamUuid, contact.team?.uuid) &&
    customFields.every((field) => isFieldShown(field, contact.customFields))
  )
}

function isShown<T>(wanted: T | undefined, shown: T | undefined): boolean {
  return wanted === undefined || wanted === shown
}

function isFieldShown({ name, value }: NewCustomField, shown: readonly CustomField[]): boolean {
  const field = shown.find((one) => one.name === name)
  if (typeof value === 'string') return (field?.value ?? '') === value
  const values = field?.values ?? []
  return values.length === value.length && value.every((option) => values.includes(option))
}

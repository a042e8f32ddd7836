/** Whether a contact shows that changes were applied. */
import { expect, test } from 'vitest'
import { decodeContact } from '../../../../src/callbell/codec/decode-contact.ts'
import type { ContactChanges } from '../../../../src/domain/contact.ts'
import { showsChanges } from '../../../../src/contacts/change/shows-changes.ts'

const wire = {
  uuid: 'u',
  name: 'Jane',
  note: null,
  assignedUser: null,
  team: { uuid: 't' },
  customFields: { Age: '42', UI: '["a","b"]' },
}

test.each<[ContactChanges, boolean]>([
  [{}, true],
  [{ name: 'Jane' }, true],
  [{ name: 'jane' }, false],
  [{ note: '' }, true],
  [{ note: 'new' }, false],
  [{ assignedUser: null }, true],
  [{ assignedUser: 'ada@example.com' }, false],
  [{ teamUuid: 't' }, true],
  [{ teamUuid: 'other' }, false],
  [{ customFields: [{ name: 'Age', value: '42' }] }, true],
  [{ customFields: [{ name: 'Age', value: '43' }] }, false],
  [{ customFields: [{ name: 'Plan', value: '' }] }, true],
  [{ customFields: [{ name: 'Plan', value: 'Pro' }] }, false],
  [{ customFields: [{ name: 'UI', value: ['b', 'a'] }] }, true],
  [{ customFields: [{ name: 'UI', value: ['a'] }] }, false],
  [{ name: 'Jane', botStatus: 'end' }, false],
])('the contact shows the changes %j: %j', (changes, isShown) => {
  const decoded = decodeContact(JSON.stringify({ contact: wire }))
  expect('contact' in decoded && showsChanges(changes, decoded.contact)).toBe(isShown)
})

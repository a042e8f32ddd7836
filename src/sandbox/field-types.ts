/** `include_field_types`, wherever it is taken. */
import { customFieldsMetadata } from './custom-fields.ts'
import type { WireContact } from './wire.ts'

/** The contact with its `customFieldsMetadata`, where the query asks for them. */
export function withFieldTypes(contact: WireContact, query: URLSearchParams): WireContact {
  return query.get('include_field_types') === 'true'
    ? Object.assign({ ...contact }, { customFieldsMetadata: customFieldsMetadata(contact.customFields) })
    : contact
}

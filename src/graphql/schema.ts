/** The whole schema: every file that adds to the builder is named here. */
import type { GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'
import './date-time.ts'
import './account.ts'
import './contact-conversation.ts'
import './add-conversation-note.ts'
import './create-contact.ts'
import './find-contact.ts'
import './update-contact.ts'
import './delete-contact.ts'
import './conversation.ts'
import './list-contacts.ts'

export const schema: GraphQLSchema = builder.toSchema()

/** The whole schema. Every file that adds to the builder is imported here. */
import type { GraphQLSchema } from 'graphql'
import { builder } from './graphql/builder.ts'
import './graphql/queries/account.ts'
import './graphql/mutations/add-conversation-note.ts'
import './graphql/mutations/create-contact.ts'
import './graphql/queries/find-contact.ts'
import './graphql/mutations/update-contact.ts'
import './graphql/mutations/delete-contact.ts'
import './graphql/mutations/conversation.ts'
import './graphql/queries/list-contacts.ts'

export const schema: GraphQLSchema = builder.toSchema()

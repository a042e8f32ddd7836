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
import './graphql/queries/operation.ts'

export const schema: GraphQLSchema = builder.toSchema()

/** What a reader of the documentation sees first. Pothos has no option for it. */
schema.description = [
  'The contacts of one Callbell account.',
  '**Costs.** Each field states the calls to Callbell that it costs. One operation may cost 50 calls. Calls beyond the limit of the caller fail with the code `RATE_LIMITED` before anything runs.',
  '**Errors.** A mutation lists the problems of its input in `userErrors`: nothing was changed. Any other failure is in `errors`. Its `extensions` have a `code`, and `retryable`. After a failed mutation, `outcome` says what happened: `NOT_APPLIED`, `APPLIED` or `UNKNOWN`.',
  '**Keys.** Give `createContact` and `addConversationNote` an `idempotencyKey`. With one key, a call takes effect once, however often it is sent.',
].join('\n\n')

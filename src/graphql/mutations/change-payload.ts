/** What the changes of a contact that is there give: each its result, or what its caller can mend. */
import type { MutationResult, ChangeProblem } from '../../contacts/rules/mutation-result.ts'
import type { Contact } from '../../domain/contact.ts'
import { builder } from '../builder.ts'
import { ContactType } from '../types/contact.ts'
import type { UserErrorShape } from '../types/user-error.ts'
import { UserError } from '../types/user-error.ts'

const ContactErrorCode = builder.enumType('ContactErrorCode', {
  description: 'The kinds of things that can be wrong with a change of a contact.',
  values: {
    BLANK: { description: 'A text that must say something is empty, or nothing at all is to be changed.' },
    TOO_LONG: { description: 'A string has too many characters, or a list has over 500 items.' },
    INVALID: { description: 'A value that is certain to be refused. Nothing was sent to Callbell.' },
    REJECTED: {
      description:
        'Callbell refused it, or has no such contact; the message is Callbell’s own. Or Callbell did not take a tag. Nothing was changed.',
    },
    CONFLICT: {
      description:
        'The contact has other tags than expected, or a tag in another spelling. Nothing was changed.',
    },
  } as const,
})

interface ContactUserErrorShape extends UserErrorShape {
  readonly code: ChangeProblem['code']
}

const ContactUserError = builder.objectRef<ContactUserErrorShape>('ContactUserError').implement({
  description: 'Why a contact was not changed, and what to fix.',
  interfaces: [UserError],
  fields: (t) => ({
    code: t.expose('code', {
      type: ContactErrorCode,
      nullable: false,
      description: 'The kind of problem, for programs.',
    }),
  }),
})

const userErrors: [typeof ContactUserError] = [ContactUserError]

export const userErrorsField = {
  type: userErrors,
  nullable: false as const,
  description: 'Everything that is wrong with the input, at once. Empty when the change was made.',
  resolve: ({ problems }: MutationResult<unknown>) =>
    problems.map(({ path, message, code }) => ({ message, code, field: path && ['input', ...path] })),
}

/** A payload that holds the contact as it is after the change. */
export function contactPayload(name: string) {
  return builder.objectRef<MutationResult<Contact>>(name).implement({
    description: 'Either the contact as it is now, or what kept it from being changed.',
    fields: (t) => ({
      contact: t.expose('result', {
        type: ContactType,
        description: 'The contact after the change; null when there are `userErrors`.',
      }),
      userErrors: t.field(userErrorsField),
    }),
  })
}

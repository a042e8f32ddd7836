/** What the caller can fix in the input of a mutation: one type for all payloads. */
import type { InputProblem, ProblemCode } from '../../contacts/rules/input-rules.ts'
import { builder } from '../builder.ts'

const UserErrorCodeRef = builder.enumType('UserErrorCode', {
  description: 'The kinds of problems that a caller can fix. Later versions may add further codes.',
  values: {
    BLANK: {
      description: 'A required string is empty or only white space. Nothing was sent to Callbell.',
    },
    TOO_LONG: {
      description:
        'A string has too many characters, or a list has over 500 items. Nothing was sent to Callbell.',
    },
    INVALID: {
      description:
        'The value breaks a rule: Callbell would refuse it, or it contradicts another value. Nothing was sent to Callbell.',
    },
    NOTHING_TO_UPDATE: {
      description: 'The input of an update contains no change. Nothing was sent to Callbell.',
    },
    REJECTED: {
      description: 'Callbell refused the input, or did not accept a tag. The message has its reason.',
    },
    NOT_FOUND: { description: 'Callbell does not find what the input refers to, for example the contact.' },
    CONFLICT: {
      description:
        'The contact has other tags than `expectedTags`, or a tag of `removeTags` in another spelling only.',
    },
  } as const satisfies Record<ProblemCode, { readonly description: string }>,
})

const UserErrorRef = builder.objectRef<InputProblem>('UserError').implement({
  description: 'A problem of the input that the caller can fix. Nothing was changed.',
  fields: (t) => ({
    message: t.exposeString('message', {
      nullable: false,
      description: 'What is wrong, in complete sentences that can be shown to users.',
    }),
    field: t.stringList({
      nullable: true,
      description:
        'The path of the wrong value: `["input", "customFields", "0", "value"]`. List positions are strings. Null if no single value is wrong.',
      resolve: ({ path }) => path && ['input', ...path],
    }),
    code: t.expose('code', {
      type: UserErrorCodeRef,
      nullable: false,
      description: 'The kind of problem, for programs.',
    }),
  }),
})

const userErrors: [typeof UserErrorRef] = [UserErrorRef]

/** The field `userErrors` of every payload: `userErrors: t.field(userErrorsField)`. */
export const userErrorsField = {
  type: userErrors,
  nullable: false as const,
  description: 'All problems of the input at once, the first 50 if there are more. Empty on success.',
  resolve: ({ problems }: { readonly problems: readonly InputProblem[] }) => problems,
}

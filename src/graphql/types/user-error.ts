import { builder } from '../builder.ts'

/** What every payload's errors have in common. */
export interface UserErrorShape {
  readonly message: string
  readonly field: readonly string[] | null
}

export const UserError = builder.interfaceRef<UserErrorShape>('UserError').implement({
  description: 'Something in the input that the caller can fix.',
  fields: (t) => ({
    message: t.exposeString('message', {
      nullable: false,
      description: 'What is wrong, in words that can be shown.',
    }),
    field: t.exposeStringList('field', {
      description:
        'The path from the argument to what is wrong, list positions as texts: `["input", "customFields", "0", "value"]`. Null where no part of the input is to blame.',
    }),
  }),
})

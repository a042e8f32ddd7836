import type { Contact } from '../../domain/contact.ts'
import { builder } from '../builder.ts'

/** Only contacts can be found by their id alone: Callbell's ids do not say of what they are. */
export const NodeRef = builder.interfaceRef<Contact>('Node').implement({
  description:
    'An object that `node` finds by its `id`. Only contacts are nodes: Callbell reads one object by its id for contacts alone.',
  fields: (t) => ({
    id: t.id({
      nullable: false,
      description: 'Equal to `uuid`. Client caches normalize by it.',
      resolve: ({ uuid }) => uuid,
    }),
  }),
  resolveType: () => 'Contact',
})

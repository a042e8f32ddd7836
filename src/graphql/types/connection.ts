/**
 * Relay connections, forward only. Callbell's lists cannot be read backward, so this is not the Relay
 * plugin of Pothos, whose connections also take `last` and `before`.
 */
import type { ArgBuilder, ObjectRef } from '@pothos/core'
import type { Connection, Edge, PageInfo } from '../../contacts/read/paginate.ts'
import { callsOf, defaultFirst, sizeOf } from '../../contacts/read/paginate.ts'
import { builder } from '../builder.ts'
import type { FieldCost } from '../field-cost.ts'

type Types = typeof builder.$inferSchemaTypes

const PageInfoRef = builder.objectRef<PageInfo>('PageInfo').implement({
  description: 'The position of a page in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      nullable: false,
      description:
        'Whether there is a next page. For messages the next page may be empty, because the gateway makes no further call to know.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      nullable: false,
      description: 'Whether `after` was given. Lists cannot be read backward.',
    }),
    startCursor: t.exposeString('startCursor', {
      description: 'The cursor of the first item. Null if the page is empty.',
    }),
    endCursor: t.exposeString('endCursor', {
      description: 'Pass it as `after` to read the next page. Null if there is nothing to continue from.',
    }),
  }),
})

/**
 * Adds the type of a connection, and the type of its edges, to the schema.
 *
 * @param noun what it lists, in the singular, for the descriptions
 */
export function connectionOf<Node>(node: ObjectRef<Types, Node>, noun: string) {
  // Pothos cannot know whether a generic type is a list. Here it is any type.
  const type: ObjectRef<Types, unknown> = node
  const EdgeRef = builder.objectRef<Edge<unknown>>(`${node.name}Edge`).implement({
    description: `A ${noun} of a page, with its cursor.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        nullable: false,
        description: `Pass it as \`after\` to continue after this ${noun}. Opaque, and safe to put in a URL.`,
      }),
      node: t.field({
        type,
        nullable: false,
        description: `The ${noun}.`,
        resolve: (edge) => edge.node,
      }),
    }),
  })
  return builder.objectRef<Connection<Node>>(`${node.name}Connection`).implement({
    description: `A page of a list of ${noun}s.`,
    fields: (t) => ({
      edges: t.field({
        type: [EdgeRef],
        nullable: false,
        description: `The ${noun}s of this page, each with its cursor.`,
        resolve: ({ edges }) => edges,
      }),
      nodes: t.field({
        type: [type],
        nullable: false,
        description: `The ${noun}s of this page: a shortcut for clients that only need \`endCursor\`.`,
        resolve: ({ edges }) => edges.map((edge) => edge.node),
      }),
      pageInfo: t.field({
        type: PageInfoRef,
        nullable: false,
        description: 'The cursors of this page, and whether there is a next page.',
        resolve: ({ pageInfo }) => pageInfo,
      }),
    }),
  })
}

/** The arguments of every connection. */
export function pageArguments(arg: ArgBuilder<Types>) {
  return {
    first: arg.int({
      defaultValue: defaultFirst,
      description: 'The size of the page, from 1 to 100. Each 20 cost one call to Callbell.',
    }),
    after: arg.string({
      description:
        'A cursor of this list, usually `endCursor` of the previous page. It is only valid with the same filter, or on the same contact.',
    }),
  }
}

/** The cost of every connection: a call for each page, and the selected fields of each item. */
export const costOfConnection: FieldCost = ({ first, after }) => {
  const pageArgs = {
    first: typeof first === 'number' ? first : undefined,
    after: typeof after === 'string' ? after : undefined,
  }
  return { calls: callsOf(pageArgs), multiplier: sizeOf(pageArgs) }
}

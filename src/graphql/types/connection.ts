/**
 * Relay's connections, for walking forward only: Callbell's lists have no way back, which is why
 * this is not Pothos' plugin, whose connections also take `last` and `before`.
 */
import type { ArgBuilder, ObjectRef } from '@pothos/core'
import type { Connection, Edge, PageInfo } from '../../contacts/read/paginate.ts'
import { callsOf, defaultFirst, sizeOf } from '../../contacts/read/paginate.ts'
import { builder } from '../builder.ts'
import type { FieldCost } from '../field-cost.ts'

type Types = typeof builder.$inferSchemaTypes

const PageInfoType = builder.objectRef<PageInfo>('PageInfo').implement({
  description: 'Where a part of a list stands in the whole.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', {
      nullable: false,
      description:
        'Whether more follows. Told without a call to Callbell, so that, of messages, what follows may be an empty page.',
    }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', {
      nullable: false,
      description: 'Whether something comes before: whether `after` was given.',
    }),
    startCursor: t.exposeString('startCursor', { description: 'The cursor of the first; null of nothing.' }),
    endCursor: t.exposeString('endCursor', {
      description: 'What to give as `after` to go on; null where there is nothing to go on from.',
    }),
  }),
})

/**
 * Adds the type of a connection, and that of its edges, to the schema.
 *
 * @param things what it holds, for the descriptions
 */
export function connectionOf<Node>(node: ObjectRef<Types, Node>, things: string) {
  // Pothos can't tell whether a type that is not known yet is a list: here it is just some type.
  const type: ObjectRef<Types, unknown> = node
  const EdgeType = builder.objectRef<Edge<unknown>>(`${node.name}Edge`).implement({
    description: `One of the ${things}, with its place in the list.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        nullable: false,
        description: 'Its place: as `after`, the list goes on behind it. Opaque, and good for a link.',
      }),
      node: t.field({
        type,
        nullable: false,
        description: 'The thing itself.',
        resolve: (edge) => edge.node,
      }),
    }),
  })
  return builder.objectRef<Connection<Node>>(`${node.name}Connection`).implement({
    description: `A part of a list of ${things}.`,
    fields: (t) => ({
      edges: t.field({
        type: [EdgeType],
        nullable: false,
        description: `The ${things} of this part, each with its place.`,
        resolve: ({ edges }) => edges,
      }),
      nodes: t.field({
        type: [type],
        nullable: false,
        description: `The ${things} of this part: for whoever needs only the last one’s place, \`endCursor\`.`,
        resolve: ({ edges }) => edges.map((edge) => edge.node),
      }),
      pageInfo: t.field({
        type: PageInfoType,
        nullable: false,
        description: 'Whether and where the list goes on.',
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
      description: 'How many, from 1 to 100. Each 20 cost a call to Callbell.',
    }),
    after: arg.string({
      description:
        'A cursor that this list gave, with the same other arguments: what comes behind it is given.',
    }),
  }
}

/** What every connection costs: a call for each page, and what is selected below for each thing. */
export const costOfConnection: FieldCost = ({ first, after }) => {
  const step = {
    first: typeof first === 'number' ? first : undefined,
    after: typeof after === 'string' ? after : undefined,
  }
  return { calls: callsOf(step), multiplier: sizeOf(step) }
}

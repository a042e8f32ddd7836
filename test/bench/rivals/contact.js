/**
 * What all rivals share: the part of the gateway's schema that `createContact` needs, and the
 * mapping between it and Callbell's JSON. They check nothing and promise nothing: it is the least
 * that such a server can do.
 */
export const typeDefs = /* GraphQL */ `
  type Query {
    version: String
  }
  type Mutation {
    createContact(input: CreateContactInput!): CreateContactPayload
  }
  input CreateContactInput {
    identifier: String!
    source: ContactSource!
    name: String!
    tags: [String!]
    customFields: [CustomFieldInput!]
    assignedUser: String
    teamUuid: ID
    channelUuid: ID
    botStatus: BotStatus
    note: String
    idempotencyKey: String
  }
  input CustomFieldInput {
    name: String!
    value: String
    values: [String!]
  }
  enum ContactSource {
    WHATSAPP
    FACEBOOK
    INSTAGRAM
    TELEGRAM
  }
  enum BotStatus {
    START
    END
  }
  type CreateContactPayload {
    contact: Contact
    replayed: Boolean!
    userErrors: [CreateContactUserError!]!
  }
  type CreateContactUserError {
    message: String!
    field: [String!]
    code: String!
  }
  type Contact {
    id: ID!
    uuid: ID!
    name: String
    phoneNumber: String
    avatarUrl: String
    source: ContactSource
    sourceName: String
    createdAt: DateTime
    closedAt: DateTime
    blockedAt: DateTime
    href: String
    conversationHref: String
    tags: [String!]!
    assignedUser: String
    customFields: [CustomField!]!
    funnelId: ID
    note: String
    bsuid: String
    team: Team
    channel: Channel
  }
  type CustomField {
    name: String!
    value: String
    values: [String!]
  }
  type Team {
    id: ID!
    uuid: ID!
    name: String
  }
  type Channel {
    id: ID!
    uuid: ID!
    title: String
  }
  scalar DateTime
`

/** From the argument to the body of `POST /contacts`. What is undefined is not in its JSON. */
export function toWire(input) {
  return {
    identifier: input.identifier,
    source: input.source.toLowerCase(),
    name: input.name,
    tags: input.tags,
    custom_fields:
      input.customFields &&
      Object.fromEntries(input.customFields.map(({ name, value, values }) => [name, values ?? value])),
    assigned_user: input.assignedUser,
    team_uuid: input.teamUuid,
    channel_uuid: input.channelUuid,
    bot_status: input.botStatus && `bot_${input.botStatus.toLowerCase()}`,
    note: input.note,
  }
}

const identified = (thing) => thing && { ...thing, id: thing.uuid }

/** From the body of Callbell's answer to the payload. */
export function toPayload({ contact }) {
  return {
    contact: {
      ...contact,
      id: contact.uuid,
      source: contact.source.toUpperCase(),
      sourceName: contact.source,
      customFields: Object.entries(contact.customFields).map(([name, value]) => ({
        name,
        value,
        values: value.startsWith('[') ? JSON.parse(value) : null,
      })),
      team: identified(contact.team),
      channel: identified(contact.channel),
    },
    replayed: false,
    userErrors: [],
  }
}

/** The schema's only resolver, for a server that calls Callbell by the given function. */
export const resolversOf = (post) => ({
  Mutation: { createContact: async (_, { input }) => toPayload(await post(toWire(input))) },
})

/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "mutation AddConversationNote($input: AddConversationNoteInput!) {\n  addConversationNote(input: $input) {\n    success\n    replayed\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": typeof types.AddConversationNoteDocument,
    "mutation CloseConversation($input: CloseConversationInput!) {\n  closeConversation(input: $input) {\n    contact {\n      uuid\n      closedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": typeof types.CloseConversationDocument,
    "query Contact($uuid: ID!) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    phoneNumber\n    avatarUrl\n    source\n    sourceName\n    createdAt\n    closedAt\n    blockedAt\n    href\n    conversationHref\n    tags\n    assignedUser\n    customFields {\n      name\n      value\n      values\n    }\n    funnelId\n    note\n    bsuid\n    team {\n      id\n      uuid\n      name\n      createdAt\n      default\n      memberCount\n    }\n    channel {\n      id\n      uuid\n      title\n      type\n      main\n      discardedAt\n    }\n  }\n}": typeof types.ContactDocument,
    "query ContactByBsuid($bsuid: String!) {\n  contactByBsuid(bsuid: $bsuid) {\n    uuid\n    name\n    bsuid\n  }\n}": typeof types.ContactByBsuidDocument,
    "query ContactByPhone($phoneNumber: String!, $channelUuid: ID) {\n  contactByPhone(phoneNumber: $phoneNumber, channelUuid: $channelUuid) {\n    uuid\n    name\n    phoneNumber\n    channel {\n      uuid\n      title\n    }\n  }\n}": typeof types.ContactByPhoneDocument,
    "query ContactForm($uuid: ID!) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    tags\n    assignedUser\n    note\n    funnelId\n    team {\n      id\n    }\n    customFields {\n      name\n      type\n      options\n      value\n      values\n    }\n  }\n  teams {\n    id\n    uuid\n    name\n    default\n  }\n  channels {\n    id\n    uuid\n    title\n    type\n    main\n  }\n  funnels {\n    id\n    uuid\n    name\n    emoji\n    position\n    createdAt\n  }\n}": typeof types.ContactFormDocument,
    "query ContactPage($uuid: ID!, $first: Int, $after: String) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    phoneNumber\n    avatarUrl\n    source\n    tags\n    assignedUser\n    note\n    team {\n      id\n      name\n    }\n    bot {\n      uuid\n      name\n      status\n      conversationStartedAt\n      version\n      isLatestVersion\n    }\n    messages(first: $first, after: $after) {\n      edges {\n        cursor\n        node {\n          uuid\n          text\n          createdAt\n          status\n          channel\n          from\n          to\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n}": typeof types.ContactPageDocument,
    "query Contacts($first: Int, $after: String, $filter: ContactFilter) {\n  contacts(first: $first, after: $after, filter: $filter) {\n    nodes {\n      id\n      uuid\n      name\n      phoneNumber\n      source\n      tags\n      assignedUser\n      createdAt\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}": typeof types.ContactsDocument,
    "mutation CreateContact($input: CreateContactInput!) {\n  createContact(input: $input) {\n    contact {\n      uuid\n      name\n      phoneNumber\n      source\n      tags\n      assignedUser\n      customFields {\n        name\n        value\n        values\n      }\n      createdAt\n      href\n    }\n    replayed\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": typeof types.CreateContactDocument,
    "mutation DeleteContact($input: DeleteContactInput!) {\n  deleteContact(input: $input) {\n    deletedUuid\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": typeof types.DeleteContactDocument,
    "mutation MoveToFunnel($input: MoveToFunnelInput!) {\n  moveToFunnel(input: $input) {\n    contact {\n      uuid\n      funnelId\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": typeof types.MoveToFunnelDocument,
    "mutation OpenConversation($input: OpenConversationInput!) {\n  openConversation(input: $input) {\n    contact {\n      uuid\n      closedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": typeof types.OpenConversationDocument,
    "mutation SetBotStatus($input: SetBotStatusInput!) {\n  setBotStatus(input: $input) {\n    bot {\n      uuid\n      name\n      status\n      version\n      isLatestVersion\n      conversationStartedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": typeof types.SetBotStatusDocument,
    "mutation UpdateContact($input: UpdateContactInput!) {\n  updateContact(input: $input) {\n    contact {\n      uuid\n      name\n      note\n      tags\n      assignedUser\n      team {\n        uuid\n        name\n      }\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": typeof types.UpdateContactDocument,
};
const documents: Documents = {
    "mutation AddConversationNote($input: AddConversationNoteInput!) {\n  addConversationNote(input: $input) {\n    success\n    replayed\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": types.AddConversationNoteDocument,
    "mutation CloseConversation($input: CloseConversationInput!) {\n  closeConversation(input: $input) {\n    contact {\n      uuid\n      closedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": types.CloseConversationDocument,
    "query Contact($uuid: ID!) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    phoneNumber\n    avatarUrl\n    source\n    sourceName\n    createdAt\n    closedAt\n    blockedAt\n    href\n    conversationHref\n    tags\n    assignedUser\n    customFields {\n      name\n      value\n      values\n    }\n    funnelId\n    note\n    bsuid\n    team {\n      id\n      uuid\n      name\n      createdAt\n      default\n      memberCount\n    }\n    channel {\n      id\n      uuid\n      title\n      type\n      main\n      discardedAt\n    }\n  }\n}": types.ContactDocument,
    "query ContactByBsuid($bsuid: String!) {\n  contactByBsuid(bsuid: $bsuid) {\n    uuid\n    name\n    bsuid\n  }\n}": types.ContactByBsuidDocument,
    "query ContactByPhone($phoneNumber: String!, $channelUuid: ID) {\n  contactByPhone(phoneNumber: $phoneNumber, channelUuid: $channelUuid) {\n    uuid\n    name\n    phoneNumber\n    channel {\n      uuid\n      title\n    }\n  }\n}": types.ContactByPhoneDocument,
    "query ContactForm($uuid: ID!) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    tags\n    assignedUser\n    note\n    funnelId\n    team {\n      id\n    }\n    customFields {\n      name\n      type\n      options\n      value\n      values\n    }\n  }\n  teams {\n    id\n    uuid\n    name\n    default\n  }\n  channels {\n    id\n    uuid\n    title\n    type\n    main\n  }\n  funnels {\n    id\n    uuid\n    name\n    emoji\n    position\n    createdAt\n  }\n}": types.ContactFormDocument,
    "query ContactPage($uuid: ID!, $first: Int, $after: String) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    phoneNumber\n    avatarUrl\n    source\n    tags\n    assignedUser\n    note\n    team {\n      id\n      name\n    }\n    bot {\n      uuid\n      name\n      status\n      conversationStartedAt\n      version\n      isLatestVersion\n    }\n    messages(first: $first, after: $after) {\n      edges {\n        cursor\n        node {\n          uuid\n          text\n          createdAt\n          status\n          channel\n          from\n          to\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n}": types.ContactPageDocument,
    "query Contacts($first: Int, $after: String, $filter: ContactFilter) {\n  contacts(first: $first, after: $after, filter: $filter) {\n    nodes {\n      id\n      uuid\n      name\n      phoneNumber\n      source\n      tags\n      assignedUser\n      createdAt\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}": types.ContactsDocument,
    "mutation CreateContact($input: CreateContactInput!) {\n  createContact(input: $input) {\n    contact {\n      uuid\n      name\n      phoneNumber\n      source\n      tags\n      assignedUser\n      customFields {\n        name\n        value\n        values\n      }\n      createdAt\n      href\n    }\n    replayed\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": types.CreateContactDocument,
    "mutation DeleteContact($input: DeleteContactInput!) {\n  deleteContact(input: $input) {\n    deletedUuid\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": types.DeleteContactDocument,
    "mutation MoveToFunnel($input: MoveToFunnelInput!) {\n  moveToFunnel(input: $input) {\n    contact {\n      uuid\n      funnelId\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": types.MoveToFunnelDocument,
    "mutation OpenConversation($input: OpenConversationInput!) {\n  openConversation(input: $input) {\n    contact {\n      uuid\n      closedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": types.OpenConversationDocument,
    "mutation SetBotStatus($input: SetBotStatusInput!) {\n  setBotStatus(input: $input) {\n    bot {\n      uuid\n      name\n      status\n      version\n      isLatestVersion\n      conversationStartedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": types.SetBotStatusDocument,
    "mutation UpdateContact($input: UpdateContactInput!) {\n  updateContact(input: $input) {\n    contact {\n      uuid\n      name\n      note\n      tags\n      assignedUser\n      team {\n        uuid\n        name\n      }\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}": types.UpdateContactDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation AddConversationNote($input: AddConversationNoteInput!) {\n  addConversationNote(input: $input) {\n    success\n    replayed\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"): (typeof documents)["mutation AddConversationNote($input: AddConversationNoteInput!) {\n  addConversationNote(input: $input) {\n    success\n    replayed\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CloseConversation($input: CloseConversationInput!) {\n  closeConversation(input: $input) {\n    contact {\n      uuid\n      closedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"): (typeof documents)["mutation CloseConversation($input: CloseConversationInput!) {\n  closeConversation(input: $input) {\n    contact {\n      uuid\n      closedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Contact($uuid: ID!) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    phoneNumber\n    avatarUrl\n    source\n    sourceName\n    createdAt\n    closedAt\n    blockedAt\n    href\n    conversationHref\n    tags\n    assignedUser\n    customFields {\n      name\n      value\n      values\n    }\n    funnelId\n    note\n    bsuid\n    team {\n      id\n      uuid\n      name\n      createdAt\n      default\n      memberCount\n    }\n    channel {\n      id\n      uuid\n      title\n      type\n      main\n      discardedAt\n    }\n  }\n}"): (typeof documents)["query Contact($uuid: ID!) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    phoneNumber\n    avatarUrl\n    source\n    sourceName\n    createdAt\n    closedAt\n    blockedAt\n    href\n    conversationHref\n    tags\n    assignedUser\n    customFields {\n      name\n      value\n      values\n    }\n    funnelId\n    note\n    bsuid\n    team {\n      id\n      uuid\n      name\n      createdAt\n      default\n      memberCount\n    }\n    channel {\n      id\n      uuid\n      title\n      type\n      main\n      discardedAt\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query ContactByBsuid($bsuid: String!) {\n  contactByBsuid(bsuid: $bsuid) {\n    uuid\n    name\n    bsuid\n  }\n}"): (typeof documents)["query ContactByBsuid($bsuid: String!) {\n  contactByBsuid(bsuid: $bsuid) {\n    uuid\n    name\n    bsuid\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query ContactByPhone($phoneNumber: String!, $channelUuid: ID) {\n  contactByPhone(phoneNumber: $phoneNumber, channelUuid: $channelUuid) {\n    uuid\n    name\n    phoneNumber\n    channel {\n      uuid\n      title\n    }\n  }\n}"): (typeof documents)["query ContactByPhone($phoneNumber: String!, $channelUuid: ID) {\n  contactByPhone(phoneNumber: $phoneNumber, channelUuid: $channelUuid) {\n    uuid\n    name\n    phoneNumber\n    channel {\n      uuid\n      title\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query ContactForm($uuid: ID!) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    tags\n    assignedUser\n    note\n    funnelId\n    team {\n      id\n    }\n    customFields {\n      name\n      type\n      options\n      value\n      values\n    }\n  }\n  teams {\n    id\n    uuid\n    name\n    default\n  }\n  channels {\n    id\n    uuid\n    title\n    type\n    main\n  }\n  funnels {\n    id\n    uuid\n    name\n    emoji\n    position\n    createdAt\n  }\n}"): (typeof documents)["query ContactForm($uuid: ID!) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    tags\n    assignedUser\n    note\n    funnelId\n    team {\n      id\n    }\n    customFields {\n      name\n      type\n      options\n      value\n      values\n    }\n  }\n  teams {\n    id\n    uuid\n    name\n    default\n  }\n  channels {\n    id\n    uuid\n    title\n    type\n    main\n  }\n  funnels {\n    id\n    uuid\n    name\n    emoji\n    position\n    createdAt\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query ContactPage($uuid: ID!, $first: Int, $after: String) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    phoneNumber\n    avatarUrl\n    source\n    tags\n    assignedUser\n    note\n    team {\n      id\n      name\n    }\n    bot {\n      uuid\n      name\n      status\n      conversationStartedAt\n      version\n      isLatestVersion\n    }\n    messages(first: $first, after: $after) {\n      edges {\n        cursor\n        node {\n          uuid\n          text\n          createdAt\n          status\n          channel\n          from\n          to\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n}"): (typeof documents)["query ContactPage($uuid: ID!, $first: Int, $after: String) {\n  contact(uuid: $uuid) {\n    id\n    uuid\n    name\n    phoneNumber\n    avatarUrl\n    source\n    tags\n    assignedUser\n    note\n    team {\n      id\n      name\n    }\n    bot {\n      uuid\n      name\n      status\n      conversationStartedAt\n      version\n      isLatestVersion\n    }\n    messages(first: $first, after: $after) {\n      edges {\n        cursor\n        node {\n          uuid\n          text\n          createdAt\n          status\n          channel\n          from\n          to\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Contacts($first: Int, $after: String, $filter: ContactFilter) {\n  contacts(first: $first, after: $after, filter: $filter) {\n    nodes {\n      id\n      uuid\n      name\n      phoneNumber\n      source\n      tags\n      assignedUser\n      createdAt\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}"): (typeof documents)["query Contacts($first: Int, $after: String, $filter: ContactFilter) {\n  contacts(first: $first, after: $after, filter: $filter) {\n    nodes {\n      id\n      uuid\n      name\n      phoneNumber\n      source\n      tags\n      assignedUser\n      createdAt\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CreateContact($input: CreateContactInput!) {\n  createContact(input: $input) {\n    contact {\n      uuid\n      name\n      phoneNumber\n      source\n      tags\n      assignedUser\n      customFields {\n        name\n        value\n        values\n      }\n      createdAt\n      href\n    }\n    replayed\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"): (typeof documents)["mutation CreateContact($input: CreateContactInput!) {\n  createContact(input: $input) {\n    contact {\n      uuid\n      name\n      phoneNumber\n      source\n      tags\n      assignedUser\n      customFields {\n        name\n        value\n        values\n      }\n      createdAt\n      href\n    }\n    replayed\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation DeleteContact($input: DeleteContactInput!) {\n  deleteContact(input: $input) {\n    deletedUuid\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"): (typeof documents)["mutation DeleteContact($input: DeleteContactInput!) {\n  deleteContact(input: $input) {\n    deletedUuid\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation MoveToFunnel($input: MoveToFunnelInput!) {\n  moveToFunnel(input: $input) {\n    contact {\n      uuid\n      funnelId\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"): (typeof documents)["mutation MoveToFunnel($input: MoveToFunnelInput!) {\n  moveToFunnel(input: $input) {\n    contact {\n      uuid\n      funnelId\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation OpenConversation($input: OpenConversationInput!) {\n  openConversation(input: $input) {\n    contact {\n      uuid\n      closedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"): (typeof documents)["mutation OpenConversation($input: OpenConversationInput!) {\n  openConversation(input: $input) {\n    contact {\n      uuid\n      closedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation SetBotStatus($input: SetBotStatusInput!) {\n  setBotStatus(input: $input) {\n    bot {\n      uuid\n      name\n      status\n      version\n      isLatestVersion\n      conversationStartedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"): (typeof documents)["mutation SetBotStatus($input: SetBotStatusInput!) {\n  setBotStatus(input: $input) {\n    bot {\n      uuid\n      name\n      status\n      version\n      isLatestVersion\n      conversationStartedAt\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation UpdateContact($input: UpdateContactInput!) {\n  updateContact(input: $input) {\n    contact {\n      uuid\n      name\n      note\n      tags\n      assignedUser\n      team {\n        uuid\n        name\n      }\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"): (typeof documents)["mutation UpdateContact($input: UpdateContactInput!) {\n  updateContact(input: $input) {\n    contact {\n      uuid\n      name\n      note\n      tags\n      assignedUser\n      team {\n        uuid\n        name\n      }\n    }\n    userErrors {\n      field\n      message\n      code\n    }\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;
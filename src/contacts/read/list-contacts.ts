/** The contacts of the account, filtered, as a connection. */
import { z } from 'zod'
import type { CallbellClient } from '../../callbell/client.ts'
import { maxNextLength } from '../../callbell/codec/decode-list.ts'
import type { Contact, ContactFilter, ContactSource } from '../../domain/contact.ts'
import { badArgument, checkArgument } from '../rules/argument.ts'
import type { Connection, PageArgs } from './paginate.ts'
import { paginate } from './paginate.ts'
import { ContactsError } from '../attempts/failure.ts'
import { listLength } from '../rules/input-rules.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attemptRead } from '../attempts/attempts.ts'

/** A field that is omitted, null or empty filters nothing. */
export interface ContactFilterInput {
  readonly source?: ContactSource | null | undefined
  readonly tags?: readonly string[] | null | undefined
  readonly teamUuid?: string | null | undefined
}

export interface ContactListInput extends PageArgs {
  readonly filter?: ContactFilterInput | null | undefined
  /** Whether to read the types of custom fields. Default: false. */
  readonly hasFieldTypes?: boolean
}

/** Callbell's own cursor; null for the first page. It is sent back as part of a URL. */
const pageForm = z
  .string()
  .max(maxNextLength)
  .refine((cursor) => cursor.isWellFormed())
  .nullable()

/** @throws ContactsError */
export async function listContacts(
  callbell: CallbellClient,
  { filter: input, hasFieldTypes, ...pageArgs }: ContactListInput,
  context: CallContext,
): Promise<Connection<Contact>> {
  const filter = checkFilter(input ?? {})
  const list = {
    name: JSON.stringify(['contacts', filter.source ?? null, filter.tags ?? null, filter.teamUuid ?? null]),
    firstPage: null,
    pageForm,
    idOf: ({ uuid }: Contact) => uuid,
    async fetchPage(page: string | null) {
      try {
        return await attemptRead(context, (attempt) =>
          callbell.listContacts(filter, page, attempt, hasFieldTypes),
        )
      } catch (error) {
        throw page !== null && isOfCursor(error)
          ? badArgument('Callbell no longer accepts the cursor `after`. Read the list from its beginning.')
          : error
      }
    },
  }
  return paginate(list, pageArgs)
}

function checkFilter({ source, tags, teamUuid }: ContactFilterInput): ContactFilter {
  const broken = listLength(tags ?? [])
  if (broken !== undefined) throw badArgument(`\`filter.tags\` ${broken.predicate}.`)
  for (const [index, tag] of (tags ?? []).entries()) {
    checkArgument(`filter.tags.${index}`, tag)
    // In the request to Callbell, commas separate tags.
    if (tag.includes(',')) throw badArgument('`filter.tags` cannot contain commas.')
  }
  if (typeof teamUuid === 'string') checkArgument('filter.teamUuid', teamUuid)
  return {
    source: source ?? undefined,
    tags: tags?.length ? tags : undefined,
    teamUuid: teamUuid ?? undefined,
  }
}

function isOfCursor(error: unknown): boolean {
  return (
    error instanceof ContactsError &&
    error.code === 'CALLBELL_REJECTED' &&
    /invalid pagination cursor/i.test(error.message)
  )
}

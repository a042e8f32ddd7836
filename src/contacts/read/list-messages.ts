/** The messages of a contact's conversation, newest first, as a connection. */
import { z } from 'zod'
import type { CallbellClient } from '../../callbell/client.ts'
import type { Message } from '../../domain/contact.ts'
import type { Connection, PageSource, PageArgs } from './paginate.ts'
import { paginate, pageSize } from './paginate.ts'
import type { CallContext } from '../../domain/call-context.ts'
import { attemptRead } from '../attempts/attempts.ts'

/** Callbell numbers these pages, from 1. */
const pageForm = z.int().min(1)

/**
 * @param uuid of the contact
 * @throws ContactsError
 */
export function listMessages(
  callbell: CallbellClient,
  uuid: string,
  pageArgs: PageArgs,
  context: CallContext,
): Promise<Connection<Message>> {
  const list: PageSource<Message, number> = {
    name: JSON.stringify(['messages', uuid]),
    firstPage: 1,
    pageForm,
    idOf: (message) => message.uuid,
    async fetchPage(page) {
      const { items, next } = await attemptRead(context, (attempt) =>
        callbell.listMessages(uuid, page, attempt),
      )
      // If the answer does not name the next page, only a page that is not full shows the end.
      const nextOfFull = items.length < pageSize ? null : page + 1
      return { items, next: next === undefined ? nextOfFull : next }
    },
  }
  return paginate(list, pageArgs)
}

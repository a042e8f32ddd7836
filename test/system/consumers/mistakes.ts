/** Code that must not compile: each line after an expectation is a type error. */
import type { ApolloClient } from '@apollo/client'
import type { CreateContactInput } from 'callbell-graphql/client'
import { ContactDocument, CreateContactDocument } from 'callbell-graphql/client'
import type { Send } from 'callbell-graphql-client'
import { once, UpdateContactDocument } from 'callbell-graphql-client'
import { request } from 'graphql-request'

// @ts-expect-error there is no such source
export const wrongSource: CreateContactInput['source'] = 'EMAIL'

// @ts-expect-error the name is missing
export const withoutName: CreateContactInput = { identifier: '+39 02 1', source: 'WHATSAPP' }

export async function withGraphqlRequest(url: string): Promise<unknown> {
  // @ts-expect-error the variable is called uuid
  await request(url, ContactDocument, { id: '1' })
  const { contact } = await request(url, ContactDocument, { uuid: '1' })
  // @ts-expect-error the field is called phoneNumber
  return contact?.phone
}

export async function withApollo(client: ApolloClient, input: CreateContactInput): Promise<unknown> {
  // @ts-expect-error the variable is called input
  await client.mutate({ mutation: CreateContactDocument, variables: { contact: input } })
  const { data } = await client.mutate({ mutation: CreateContactDocument, variables: { input } })
  // @ts-expect-error the field is called contact
  return data?.createContact?.person
}

export async function withOnce(send: Send, input: CreateContactInput): Promise<unknown> {
  // @ts-expect-error an update takes no key
  await once(send, UpdateContactDocument, { input: { uuid: '1' } })
  // @ts-expect-error the variable is called input
  await once(send, CreateContactDocument, { contact: input })
  const result = await once(send, CreateContactDocument, { input })
  // @ts-expect-error only a change that was made has data
  return result.data
}

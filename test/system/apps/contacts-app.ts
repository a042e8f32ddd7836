/** A contact app in the browser: Apollo Client with its default cache, a list, a page, and a button for a tag. */
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'
import {
  ContactPageDocument,
  ContactsDocument,
  UpdateContactDocument,
} from '../../../src/client/documents.ts'

const { searchParams } = new URL(location.href)
const client = new ApolloClient({
  link: new HttpLink({ uri: searchParams.get('gateway') ?? '' }),
  cache: new InMemoryCache({
    typePolicies: searchParams.has('pages')
      ? { Query: { fields: { contacts: relayStylePagination(['filter']) } } }
      : {},
  }),
})

interface Shown {
  readonly name?: string | null | undefined
  readonly tags?: readonly (string | undefined)[] | undefined
}

function show(id: string, contacts: readonly Shown[]): void {
  const lines = contacts.map(({ name, tags = [] }) => `${name}: ${tags.join(', ')}`)
  const element = document.querySelector(`#${id}`)
  if (element) element.textContent = lines.join('\n')
}

const uuid = searchParams.get('uuid') ?? ''
const list = client.watchQuery({ query: ContactsDocument, variables: { first: 20 } })
list.subscribe(({ data }) => {
  const edges = data?.contacts?.edges ?? []
  show(
    'list',
    edges.flatMap((edge) => edge?.node ?? []),
  )
})
client.watchQuery({ query: ContactPageDocument, variables: { uuid } }).subscribe(({ data }) => {
  if (data?.contact) show('page', [data.contact])
})

document.querySelector('#add')?.addEventListener('click', () => {
  void client.mutate({ mutation: UpdateContactDocument, variables: { input: { uuid, addTags: ['VIP'] } } })
})
document.querySelector('#more')?.addEventListener('click', () => {
  const after = list.getCurrentResult().data?.contacts?.pageInfo?.endCursor
  void list.fetchMore({ variables: { after } })
})

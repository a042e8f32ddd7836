import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'
import { ContactByPhoneDocument } from 'callbell-graphql/client'

const client = new ApolloClient({
  link: new HttpLink({ uri: 'http://127.0.0.1:4000/graphql' }),
  cache: new InMemoryCache(),
})
const { data } = await client.query({
  query: ContactByPhoneDocument,
  variables: { phoneNumber: '+39 333 123 4567' },
})
console.log(data?.contactByPhone?.name, data?.contactByPhone?.uuid)

import { CreateContactDocument, once } from 'callbell-graphql-client'
import { send } from './send-fetch.ts'

const result = await once(send, CreateContactDocument, {
  input: { identifier: '+39 333 123 4567', source: 'WHATSAPP', name: 'Giulia Bianchi' },
})

switch (result.status) {
  case 'done':
    console.log('created', result.data.createContact?.contact?.name, result.replayed)
    break
  case 'rejected':
    console.log('change the input', result.userErrors)
    break
  case 'failed':
    console.log('nothing was created', result.error)
    break
  case 'unknown':
    console.log('it may have been created', result.error)
}

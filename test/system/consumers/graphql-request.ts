import { CreateContactDocument } from 'callbell-graphql/client'
import { request } from 'graphql-request'

// One key for what the user does: create it when the form opens, and keep it for every retry.
const idempotencyKey = crypto.randomUUID()

const { createContact } = await request('http://127.0.0.1:4000/graphql', CreateContactDocument, {
  input: { identifier: '+39 333 123 4567', source: 'WHATSAPP', name: 'Giulia Bianchi', idempotencyKey },
})
console.log(createContact?.contact?.name, createContact?.userErrors)

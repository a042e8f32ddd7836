/** Documents that take long to be read and validated, within what one document may have. */
import type { Attack, Attacker } from '../attack.ts'
import { repeat } from '../requests.ts'

/** Each request is another one. @param make gives the bytes of the request with a number */
function floodOf(attacker: Attacker, make: (number: number) => Buffer): Promise<void> {
  let number = 0
  const next = (): Buffer => {
    number += 1
    return make(number)
  }
  return attacker.flood(next, { connections: 8 })
}

/** Each document is another one: none of them is known. @param make gives the text for a number */
function fresh(attacker: Attacker, make: (number: number) => string): Promise<void> {
  return floodOf(attacker, (number) => attacker.graphql(make(number)))
}

/** A document that is sent again and again, each time with another comment. */
function document(name: string, what: string, text: string): Attack {
  return {
    name,
    what,
    run: (attacker) => fresh(attacker, (number) => `#${number}\n${text}`),
  }
}

/** Fragments that all have the same place, so that each is compared with all others. */
const overlapping = `{contact(uuid:"1"){${repeat(50, (number) => `...F${number}`)}}} ${repeat(
  50,
  (number) => `fragment F${number} on Contact{uuid name ...G${number}} fragment G${number} on Contact{tags}`,
)}`

const manyConditions = 48

/** A document that selects other things with each combination of its variables, padded as far as it is kept. */
const conditional = `query(${repeat(manyConditions, (number) => `$v${number}:Boolean!`)}){__typename ${repeat(
  manyConditions / 2,
  (number) => `...@skip(if:$v${2 * number})@include(if:$v${2 * number + 1}){`,
)}__typename${'}'.repeat(manyConditions / 2)}}`.padEnd(19_990)

/** `$x` decides what B selects, and A has another variable of this name. */
const foreignCondition =
  'query A($x:ID!){__typename contact(uuid:$x)@skip(if:true){uuid}} query B($x:Boolean!){__typename@skip(if:$x)}'.padEnd(
    19_990,
  )

/** One document with ever other variables. */
function others(
  name: string,
  what: string,
  query: string,
  variables: (number: number) => object,
  operationName?: string,
): Attack {
  return {
    name,
    what,
    run: (attacker) =>
      floodOf(attacker, (number) => attacker.graphql(query, variables(number), operationName)),
  }
}

export const documentAttacks: readonly Attack[] = [
  others(
    'conditions',
    'a document with 48 conditions, and each time another combination of them',
    conditional,
    (number) =>
      Object.fromEntries(
        Array.from({ length: manyConditions }, (_, at) => [`v${at}`, Math.floor(number / 2 ** at) % 2 === 1]),
      ),
  ),
  others(
    'foreign-condition',
    'a document of two operations, where what is a condition of one is each time another string of 75,000 letters in the other',
    foreignCondition,
    (number) => ({ x: String(number).padEnd(75_000, 'x') }),
    'A',
  ),
  {
    name: 'new-documents',
    what: 'ever new documents of 450 fields',
    run: (attacker) =>
      fresh(attacker, (number) => `query Q${number}{contact(uuid:"${number}"){${'name '.repeat(450)}}}`),
  },
  document('overlapping-fragments', '100 fragments in one place, each compared with all others', overlapping),
  document(
    'overlapping-fields',
    '480 fields of one name in one place, each compared with all others',
    `{contact(uuid:"1"){${'team{name} '.repeat(240)}}}`,
  ),
  document(
    'unknown-fields',
    '480 unknown fields, with names that are nearly known',
    `{contact(uuid:"1"){${repeat(480, (number) => `conversationHre${number}`)}}}`,
  ),
  document(
    'deep-document',
    'lists in lists as an argument, 470 deep',
    `mutation{createContact(input:{identifier:"1",source:WHATSAPP,name:"A",tags:${'['.repeat(470)}${']'.repeat(470)}}){contact{uuid}}}`,
  ),
  document('long-comment', 'a comment of 95,000 characters', `#${'c'.repeat(95_000)}\n{__typename}`),
  document(
    'long-block',
    'a block string of 30,000 lines, and an error behind it',
    `{contact(uuid:"""${' \n'.repeat(30_000)}"""){nothing}}`,
  ),
  document('syntax-error', '45,000 empty lines, and then a mistake', `{__typename}${'\n'.repeat(45_000)}}`),
  {
    name: 'introspection',
    what: '10 aliases of the whole schema, as deep as it may be asked for: no call',
    run(attacker) {
      const type = 'name description kind'
      const fields = `fields{name description args{name type{${type}}} type{${type} fields{name description type{${type}}}}}`
      const schema = repeat(10, (number) => `a${number}:__schema{types{${type} ${fields}}}`)
      const request = attacker.graphql(`{${schema}}`)
      return attacker.flood(() => request, { connections: 8 })
    },
  },
  {
    name: 'free-queries',
    what: '`{__typename}` with a key, which costs no call, on 50 connections',
    run(attacker) {
      const request = attacker.graphql('{__typename}')
      return attacker.flood(() => request, { connections: 50, inFlight: 4 })
    },
  },
]

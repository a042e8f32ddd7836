/** Inputs that take long to be read, compared or complained of. */
import type { Attack } from '../attack.ts'
import { repeat } from '../requests.ts'
import { names } from '../scene.ts'

const createDocument =
  'mutation($input:CreateContactInput!){createContact(input:$input){userErrors{message}}}'
const contact = { identifier: '1', source: 'WHATSAPP', name: 'Attacker' }

/** @param prefix one letter, which distinguishes lists */
const list = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, number) => prefix + number.toString(36))

/** Each takes six characters of JSON. */
const controls = Array.from({ length: 5000 }, (_, number) => String.fromCharCode(number % 32)).join('')

/** A create whose input is wrong in a way that takes longest to find out. */
function hostile(name: string, what: string, input: object): Attack {
  return {
    name,
    what,
    run(attacker) {
      const request = attacker.graphql(createDocument, { input: { ...contact, ...input } })
      return attacker.flood(() => request, { connections: 8 })
    },
  }
}

export const inputAttacks: readonly Attack[] = [
  {
    name: 'tag-lists',
    what: '10 updates with 7,000 `addTags` and 7,000 `removeTags` each, of which none is made',
    run(attacker) {
      const update = 'updateContact(input:{uuid:"1",name:null,addTags:$a,removeTags:$r}){userErrors{code}}'
      const query = `mutation($a:[String!],$r:[String!]){${repeat(10, (number) => `a${number}:${update}`)}}`
      const request = attacker.graphql(query, { a: list(7000, 'a'), r: list(7000, 'r') })
      return attacker.flood(() => request, { connections: 4 })
    },
  },
  {
    name: 'unknown-keys',
    what: 'a known document, with an input of 10,000 unknown keys',
    run(attacker) {
      const unknown = Object.fromEntries(list(10_000, 'k').map((key) => [key, 1]))
      const known = attacker.graphql(createDocument, { input: contact })
      const request = attacker.graphql(createDocument, { input: { ...contact, ...unknown } })
      let sent = 0
      const next = (): Buffer => {
        sent += 1
        return sent === 1 ? known : request
      }
      return attacker.flood(next, { connections: 4 })
    },
  },
  {
    name: 'nested-variables',
    what: 'an input of lists in lists, 45,000 deep',
    run(attacker) {
      const deep = `${'['.repeat(45_000)}${']'.repeat(45_000)}`
      const marked = attacker.graphql(createDocument, { input: { ...contact, tags: 'DEEP' } }).toString()
      const [head = '', body = ''] = marked.split('\r\n\r\n')
      const nested = body.replace('"DEEP"', deep)
      const request = Buffer.from(
        `${head.replace(/content-length: \d+/, `content-length: ${nested.length}`)}\r\n\r\n${nested}`,
      )
      return attacker.flood(() => request, { connections: 4 })
    },
  },
  hostile('null-items', 'a list of 19,000 nulls where none may be', { tags: Array(19_000).fill(null) }),
  hostile('at-signs', 'an e-mail address of 90,000 `@`', { assignedUser: '@'.repeat(90_000) }),
  hostile('dots', 'an e-mail address of 90,000 dots', { assignedUser: `a@${'.'.repeat(90_000)} ` }),
  hostile('control-characters', '5,000 control characters in each of a note, a name and a tag', {
    note: controls,
    name: controls,
    tags: [controls],
  }),
  hostile('blank-fields', '2,000 custom fields with the same mistake', {
    customFields: Array.from({ length: 2000 }, () => ({ name: '', value: '', values: [] })),
  }),
  {
    name: 'echoed-names',
    what: '28 custom fields of one name of 90,000 letters, and 45 aliases of the messages that quote it: no call',
    run(attacker) {
      const fields = repeat(28, () => '{name:$n,value:"1"}', ',')
      const messages = repeat(45, (number) => `m${number}:message`)
      const query = `mutation($n:String!){createContact(input:{identifier:"1",source:WHATSAPP,name:"A",customFields:[${fields}]}){userErrors{${messages}}}}`
      const request = attacker.graphql(query, { n: 'n'.repeat(90_000) })
      return attacker.flood(() => request, { connections: 4 })
    },
  },
  {
    name: 'long-refusals',
    what: 'creates that Callbell refuses with an error of a megabyte, full of hidden characters',
    run(attacker) {
      const request = attacker.graphql(createDocument, { input: { ...contact, name: names.refused } })
      return attacker.flood(() => request, { connections: 16 })
    },
  },
]

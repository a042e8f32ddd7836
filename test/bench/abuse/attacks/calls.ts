/** Calls to Callbell: more than planned, slow ones, failing ones, and those that others have to wait for. */
import type { Attack } from '../attack.ts'
import { repeat } from '../requests.ts'
import { names, sharedContact, slowContact } from '../scene.ts'

const create = 'mutation($input:CreateContactInput!){createContact(input:$input){contact{uuid}}}'

export const callAttacks: readonly Attack[] = [
  {
    name: 'teams-pages',
    what: '10 aliases of `teams`, of which Callbell says that there are 50 pages',
    run(attacker) {
      const request = attacker.graphql(`{${repeat(10, (number) => `a${number}:teams{name}`)}}`)
      return attacker.flood(() => request, { connections: 20 })
    },
  },
  {
    name: 'whole-share',
    what: 'lists of 50 calls each, on 20 connections, as many as one caller may',
    run(attacker) {
      const request = attacker.graphql(
        `{${repeat(10, (number) => `a${number}:contacts(first:100){nodes{uuid name}}`)}}`,
      )
      return attacker.flood(() => request, { connections: 20 })
    },
  },
  {
    name: 'long-filter',
    what: 'lists with a filter of 12 kB, which every cursor of theirs is a digest of',
    run(attacker) {
      const query = `query($f:ContactFilter){${repeat(10, (number) => `a${number}:contacts(first:100,filter:$f){edges{cursor}}`)}}`
      const request = attacker.graphql(query, { f: { tags: Array<string>(47).fill('t'.repeat(255)) } })
      return attacker.flood(() => request, { connections: 20 })
    },
  },
  {
    name: 'tag-edits',
    what: '60 waiting tag edits of one contact, which the honest caller edits, too',
    honestWork: 'tag edits',
    run(attacker) {
      const query = 'mutation($i:UpdateContactInput!){updateContact(input:$i){contact{uuid}}}'
      let number = 0
      const next = (): Buffer => {
        number = (number + 1) % 60
        return attacker.graphql(query, { i: { uuid: sharedContact, addTags: [`attacker ${number}`] } })
      }
      return attacker.flood(next, { connections: 60 })
    },
  },
  {
    name: 'slow-calls',
    what: '1,000 reads of a contact for which Callbell takes 9 s',
    leastSeconds: 10,
    run(attacker) {
      const request = attacker.graphql(`{contact(uuid:"${slowContact}"){uuid}}`)
      return attacker.flood(() => request, { connections: 1000 })
    },
  },
  {
    name: 'failing-calls',
    what: 'creates at which Callbell itself fails: not defended, the circuit opens for all callers',
    run(attacker) {
      let count = 0
      // Each for another person: creates for the same one are serialized.
      const next = (): Buffer => {
        count += 1
        const input = { identifier: String(count), source: 'WHATSAPP', name: names.failed }
        return attacker.graphql(create, { input })
      }
      return attacker.flood(next, { connections: 8 })
    },
  },
]

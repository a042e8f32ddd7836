/** REST in, REST out, JSON parsed and written again in both directions: what any gateway costs on Node. */
import { createServer } from 'node:http'
import { listen, postContact } from './callbell.js'
import { answerJson, readJson } from './read-json.js'

const server = createServer(async (request, response) => {
  answerJson(response, 201, await postContact(await readJson(request)))
})
listen(server, '/v1/contacts')

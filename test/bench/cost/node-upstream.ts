/** The upstream where there is no nginx: a process of its own, whose only argument is its port. */
import { createServer } from 'node:http'
import { wireAnswer } from './operations.ts'

const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(wireAnswer) }
const server = createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
  request.resume().once('end', () => response.writeHead(201, headers).end(wireAnswer))
})
server.listen(Number(process.argv[2]), '127.0.0.1', 1024)

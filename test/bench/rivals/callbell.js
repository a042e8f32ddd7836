/** Callbell by undici, for the rivals that bring no client of their own; and where a rival is found. */
import { Pool } from 'undici'

export const upstream = process.env.UPSTREAM
export const token = process.env.TOKEN
const { origin, pathname } = new URL(upstream)
const pool = new Pool(origin, { connections: 256, pipelining: 1 })
const contacts = `${pathname}/contacts`
const headers = {
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  accept: 'application/json',
}

/** Sends one `POST /contacts`, and gives its JSON. */
export async function postContact(contact) {
  const { statusCode, body } = await pool.request({
    path: contacts,
    method: 'POST',
    headers,
    body: JSON.stringify(contact),
  })
  if (statusCode >= 300) throw new Error(`Callbell answered ${statusCode}`)
  return body.json()
}

/** What the benchmark waits for. */
export function announce(url) {
  process.stdout.write(`listening on ${url}\n`)
}

/** Listens on any free loopback port. */
export function listen(server, path) {
  server.listen(0, '127.0.0.1', () => announce(`http://127.0.0.1:${server.address().port}${path}`))
}

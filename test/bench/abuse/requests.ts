/** Requests as bytes. Pure. */

/** @param head the lines of the head, without the empty one behind them */
export function requestBytes(head: readonly string[], body: string | Buffer = ''): Buffer {
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)])
}

/** A `POST /graphql` of JSON text. */
export function postBytes(host: string, headers: readonly string[], body: string): Buffer {
  return requestBytes([...postHead(host, headers), `content-length: ${Buffer.byteLength(body)}`], body)
}

/** The head of a `POST /graphql`, without the length of its body. */
export function postHead(host: string, headers: readonly string[] = []): string[] {
  return ['POST /graphql HTTP/1.1', `host: ${host}`, 'content-type: application/json', ...headers]
}

export function getBytes(host: string, target: string, headers: readonly string[] = []): Buffer {
  return requestBytes([`GET ${target} HTTP/1.1`, `host: ${host}`, ...headers])
}

/** Joins a string for each of the numbers from 0. */
export function repeat(count: number, part: (number: number) => string, separator = ' '): string {
  return Array.from({ length: count }, (_, number) => part(number)).join(separator)
}

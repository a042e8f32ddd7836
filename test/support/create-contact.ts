/** A create as a caller of a gateway process sends it, and its result. */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { ChildGateway } from './child-gateway.ts'

const query = `mutation ($input: CreateContactInput!) {
  createContact(input: $input) { contact { uuid } replayed }
}`

/** The result for the caller, without the request's id. */
export interface CreateResult {
  readonly uuid?: string
  readonly replayed?: boolean
  readonly code?: string
  readonly outcome?: string
}

/** A unique number, so that a lookup finds no other contact. */
function numberOf(name: string): string {
  return `+39 ${createHash('sha256').update(name).digest().readUIntBE(0, 6)}`
}

export async function create(
  gateway: ChildGateway,
  name: string,
  idempotencyKey?: string,
): Promise<CreateResult> {
  const input = {
    identifier: numberOf(name),
    source: 'WHATSAPP',
    name,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  }
  const response = await fetch(await gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = await response.json()
  const result = data?.createContact
  if (result?.contact) return { uuid: result.contact.uuid, replayed: result.replayed }
  const { requestId: _, ...error } = errors[0].extensions
  return error
}

/** Repeats a create with a key until it succeeds. @returns the last result */
export async function createUntilSuccess(
  gateway: ChildGateway,
  name: string,
  idempotencyKey: string,
): Promise<CreateResult> {
  let result: CreateResult = {}
  await expect
    .poll(async () => (result = await create(gateway, name, idempotencyKey)).uuid, { timeout: 60_000 })
    .toBeTypeOf('string')
  return result
}

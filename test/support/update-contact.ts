/** Updates of a sandbox contact, and events that happen between their requests. */
import { expect } from 'vitest'
import { z } from 'zod'
import type { Fault, Sandbox } from '../../src/sandbox/sandbox.ts'
import type { TestGateway } from './test-gateway.ts'
import { createTestGateway } from './test-gateway.ts'

export const uuid = '414a6d692bd645ed803f2e7ce360d4c8'
export const document =
  'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { name note assignedUser tags } userErrors { field message code } } }'
export const john = { name: 'John Doe', note: null, assignedUser: null, tags: [] }

export interface UpdateResult {
  contact: { name: string; note: string | null; assignedUser: string | null; tags: string[] } | null
  userErrors: { field: string[] | null; message: string; code: string }[]
}

export async function update(gateway: TestGateway, input: object) {
  const { data, errors } = await gateway.execute<{ updateContact: UpdateResult | null }, unknown>(document, {
    input: { uuid, ...input },
  })
  return { ...data?.updateContact, error: errors?.[0]?.extensions }
}

export function sent({ sandbox }: TestGateway) {
  return sandbox.requests.map(({ method, body }) => (body === undefined ? method : [method, body]))
}

/** Called when a request arrives, such as `PATCH 2`, the second PATCH. A returned fault applies to it. */
export type Events = Record<string, (sandbox: Sandbox) => Fault | undefined | void>

/** A gateway whose sandbox has these events. */
export async function createEventfulGateway(events: Events): Promise<TestGateway> {
  const counts: Record<string, number> = {}
  const gateway: TestGateway = await createTestGateway({
    sandbox: {
      faultOf({ method }) {
        counts[method] = (counts[method] ?? 0) + 1
        const event = events[`${method} ${counts[method]}`] ?? events[method]
        return event?.(gateway.sandbox) ?? undefined
      },
    },
  })
  return gateway
}

/** One fault for each attempt of a request. */
export function forEachAttempt(fault: Fault): Fault[] {
  return [fault, fault, fault, fault]
}

export function tagsIn({ contacts }: Sandbox): readonly string[] {
  return contacts.find(uuid)?.contact.tags ?? []
}

/** Changes the tags, as a colleague or Callbell itself would. */
export function setTags({ contacts }: Sandbox, tags: readonly string[]): void {
  const record = contacts.find(uuid) ?? expect.unreachable()
  contacts.replace({ ...record, contact: { ...record.contact, tags } })
}

export const addTags =
  (...tags: string[]) =>
  (sandbox: Sandbox): void =>
    setTags(sandbox, [...tagsIn(sandbox), ...tags])

/** Stores other tags than the written ones. @param isHidden whether the response claims the written ones */
export function storeOtherTags(toStored: (tags: readonly string[]) => readonly string[], isHidden = false) {
  return (sandbox: Sandbox): Fault => {
    const { body } = sandbox.requests.at(-1) ?? expect.unreachable()
    const { tags: wanted = tagsIn(sandbox), name } = z
      .object({ tags: z.array(z.string()).optional(), name: z.string().optional() })
      .parse(body)
    setTags(sandbox, toStored(wanted))
    const contact = { ...sandbox.contacts.find(uuid)?.contact, ...(name && { name }) }
    return { status: 200, body: { contact: isHidden ? { ...contact, tags: wanted } : contact } }
  }
}

import { expect, test } from 'vitest'
import { openMemoryStore } from '../../src/store/memory.ts'
import { createTestContacts } from '../support/test-contacts.ts'
import { createTestContext } from '../support/test-context.ts'
import { startTestSandbox } from '../support/test-sandbox.ts'

test('a caller whose calls fail takes no retry from another', async () => {
  const { sandbox } = await startTestSandbox()
  const { contacts, close } = createTestContacts(sandbox, openMemoryStore(), {
    timeoutMs: 60_000,
    resendAfterMs: 60_000,
  })
  const [failing, other] = [createTestContext('failing'), createTestContext('other')]
  sandbox.failNext(...Array.from({ length: 400 }, () => ({ on: 'GET', status: 429 }) as const))
  const failed = await Promise.allSettled(Array.from({ length: 60 }, () => contacts.find('1', failing)))
  expect(failed.filter(({ status }) => status === 'fulfilled')).toEqual([])
  // 60 reads, and the 100 retries that its budget had.
  expect(failing.calls()).toBe(160)
  expect(await contacts.find('414a6d692bd645ed803f2e7ce360d4c8', other).catch(() => 'failed')).toBe('failed')
  expect(other.calls()).toBe(4)
  await close()
})

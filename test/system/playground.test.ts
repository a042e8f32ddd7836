import { createHash } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { parseApiKeys } from '../../src/config/api-keys.ts'
import type { DocumentedOperation } from '../../src/http/playground/documented-operations.ts'
import { readDocumentedOperations } from '../../src/http/playground/documented-operations.ts'
import { launchBrowser } from '../support/browser.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const operations = await readDocumentedOperations()

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** For actions that the page delays: a poll ends as soon as they have happened. */
const pollOptions = { timeout: 10_000, interval: 200 }

/** An open page, and everything that it must not do. */
interface Visit {
  readonly page: Page
  readonly faults: string[]
}

async function visit(gateway: TestGateway): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  // Shorter than the timeout of the test, so that the error names what is missing.
  page.setDefaultTimeout(10_000)
  const faults: string[] = []
  const { origin } = new URL(gateway.url)
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol.startsWith('http') && url.origin !== origin) faults.push(`left the origin: ${url}`)
  })
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText
    // A reload aborts the requests in progress, which is not a fault.
    if (reason !== 'net::ERR_ABORTED') faults.push(`failed: ${request.url()} ${reason}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`)
  })
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  // A violation of the Content-Security-Policy is written to the console as an error.
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`)
  })
  await page.goto(gateway.url)
  await page.getByRole('region', { name: 'Operation Editor' }).getByText('mutation CreateContact').waitFor()
  return { page, faults }
}

async function pressRun(page: Page): Promise<void> {
  await page.getByRole('button', { name: /execute query/i }).click()
}

/** Clicks once, as a visitor does. */
async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
}

function answerOf(page: Page) {
  return page.locator('.graphiql-response')
}

test('the first press of Run creates a contact', async () => {
  const gateway = await createTestGateway()
  const { page, faults } = await visit(gateway)
  await pressRun(page)
  await answerOf(page).getByText('"uuid"').waitFor()
  const created = gateway.sandbox.contacts.all().at(-1)
  expect(created?.name).toBe('Giulia Bianchi')
  await answerOf(page).getByText(`"${created?.uuid}"`).first().waitFor()
  // SCREENSHOT=page.png npx vitest run test/system/playground.test.ts takes a screenshot.
  if (process.env['SCREENSHOT']) await page.screenshot({ path: process.env['SCREENSHOT'] })
  expect(faults).toEqual([])
})

/** The operations that a page sends, by type and name. */
function sentOperations(page: Page): string[] {
  const sent: string[] = []
  page.on('request', (request) => {
    const body: unknown = request.method() === 'POST' ? request.postDataJSON() : undefined
    const { query } = graphqlRequest.parse(body ?? {})
    const [, type, name] = /^(query|mutation) (\w+)/m.exec(query) ?? []
    if (name !== 'IntrospectionQuery' && name !== undefined) sent.push(`${type} ${name}`)
  })
  return sent
}

const graphqlRequest = z.object({ query: z.string().default('') })

const operationOf = ({ name, query }: DocumentedOperation): string =>
  `${/^(?:query|mutation)/m.exec(query)?.[0]} ${name}`

test('one click opens each tab, in the order of the operations, and Run sends its operation', async () => {
  const gateway = await createTestGateway()
  const { page, faults } = await visit(gateway)
  const sent = sentOperations(page)
  expect(await page.locator('.graphiql-tab-button').allTextContents()).toEqual(
    operations.map(({ name }) => name),
  )
  for (const [index, { name }] of operations.entries()) {
    await openTab(page, name)
    await pressRun(page)
    await expect.poll(() => sent.length, pollOptions).toBe(index + 1)
    await expect.poll(() => answerOf(page).textContent(), pollOptions).toContain('"data"')
  }
  expect(sent).toEqual(operations.map(operationOf))
  expect(faults).toEqual([])
})

test.each(operations.filter((_, index) => index % 4 === 1))(
  'the first click on a page that no cache knows opens the tab $name',
  async (operation) => {
    const { page, faults } = await visit(await createTestGateway())
    const sent = sentOperations(page)
    await openTab(page, operation.name)
    await pressRun(page)
    await answerOf(page).getByText('"data"').waitFor()
    expect(sent).toEqual([operationOf(operation)])
    expect(faults).toEqual([])
  },
)

test('all tabs are within a window of 1,280 pixels, and the title is on one line', async () => {
  const { page } = await visit(await createTestGateway())
  await page.setViewportSize({ width: 1280, height: 800 })
  const tabs = await page.locator('.graphiql-tab').all()
  const boxes = await Promise.all(tabs.map((tab) => tab.boundingBox()))
  expect(boxes).toHaveLength(operations.length)
  for (const box of boxes) {
    expect(box?.x).toBeGreaterThanOrEqual(0)
    expect((box?.x ?? Infinity) + (box?.width ?? 0)).toBeLessThanOrEqual(1280)
  }
  const title = await page.locator('.graphiql-logo span').boundingBox()
  expect(title?.height).toBeLessThan(40)
})

test('the history lists what was run', async () => {
  const { page, faults } = await visit(await createTestGateway())
  await pressRun(page)
  await answerOf(page).getByText('"uuid"').waitFor()
  await page.getByRole('button', { name: 'Show History' }).click()
  await page.locator('.graphiql-history-item').getByText('CreateContact').waitFor()
  expect(faults).toEqual([])
})

test('the schema’s descriptions can be read', async () => {
  const { page, faults } = await visit(await createTestGateway())
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click()
  await page.getByText('The contacts of one Callbell account.').waitFor()
  await page.getByRole('link', { name: 'Mutation' }).click()
  await page.getByText('Creates one contact. Costs one call to Callbell').waitFor()
  expect(faults).toEqual([])
})

test('the tabs of a visitor are restored after a reload', async () => {
  const { page, faults } = await visit(await createTestGateway())
  await page.getByRole('button', { name: 'New tab' }).click()
  await page.getByRole('region', { name: 'Operation Editor' }).click()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('query Mine { __typename')
  await expect.poll(() => storedTabs(page), pollOptions).toContain('query Mine { __typename')
  await page.reload()
  await page.getByRole('button', { name: 'Mine', exact: true }).waitFor()
  expect(await page.locator('.graphiql-tab-button').allTextContents()).toEqual([
    ...operations.map(({ name }) => name),
    'Mine',
  ])
  expect(faults).toEqual([])
})

test('headers are not stored, and the URL does not change', async () => {
  const gateway = await createTestGateway()
  const { page, faults } = await visit(gateway)
  const address = page.url()
  await page.getByRole('button', { name: 'Headers' }).click()
  await page.getByRole('region', { name: 'Headers' }).click()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('{"authorization": "Bearer s3cret"')
  const sent = page.waitForRequest((request) => request.headers()['authorization'] === 'Bearer s3cret')
  await pressRun(page)
  await sent
  await answerOf(page).getByText('"uuid"').waitFor()
  // The storage is written some time after a change. After the last change it has all of them.
  await openTab(page, 'ContactByPhone')
  await expect
    .poll(() => storedTabs(page), pollOptions)
    .toContain(`"activeTabIndex":${operations.findIndex(({ name }) => name === 'ContactByPhone')}`)
  expect(await stored(page)).not.toContain('s3cret')
  expect(page.url()).toBe(address)
  expect(faults).toEqual([])
})

test('an API key in the headers authenticates requests and the schema', async () => {
  const digest = createHash('sha256').update('k3y').digest('hex')
  const parsed = parseApiKeys({ GATEWAY_API_KEYS: `me:${digest}`, GATEWAY_API_KEYS_FILE: '' })
  const keys = 'keys' in parsed ? parsed.keys : []
  const gateway = await createTestGateway({ authentication: { apiKeys: () => keys } })
  const { page, faults } = await visit(gateway)
  await pressRun(page)
  await answerOf(page).getByText('"UNAUTHENTICATED"').waitFor()
  const hint = page.getByText('This gateway needs credentials.')
  await hint.waitFor()
  expect(faults.filter((fault) => !fault.includes('401'))).toEqual([])
  await page.getByRole('button', { name: 'Headers' }).click()
  await page.getByRole('region', { name: 'Headers' }).click()
  await page.keyboard.press('Control+A')
  await page.keyboard.type('{"x-api-key": "k3y"')
  await pressRun(page)
  await answerOf(page).getByText('"uuid"').waitFor()
  await hint.waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).click()
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click()
  await page.getByText('mutation: Mutation').waitFor()
})

/** GraphiQL writes them half a second after a change. */
async function storedTabs(page: Page): Promise<string> {
  return page.evaluate('localStorage.getItem("graphiql:tabState")')
}

async function stored(page: Page): Promise<string> {
  return page.evaluate('Object.values(localStorage).join()')
}

/** Apps in Chromium: the cache of Apollo Client follows mutations, and `once` survives a page load. */
import { createServer } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { listen } from '../../src/listen.ts'
import { launchBrowser } from '../support/browser.ts'
import type { TestGateway } from '../support/test-gateway.ts'
import { createTestGateway } from '../support/test-gateway.ts'

const html = `<!doctype html><meta charset="utf-8">
<pre id="page"></pre><button id="add">Add VIP</button>
<pre id="list"></pre><button id="more">More</button>
<pre id="result"></pre><button id="create">Create</button>
<script src="/app.js"></script>`

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

async function bundle(name: string): Promise<string> {
  const build = await rolldown({
    input: `test/system/apps/${name}.ts`,
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    logLevel: 'silent',
  })
  const { output } = await build.generate({ format: 'iife' })
  return output[0].code
}

async function startApp(name: string): Promise<string> {
  const app = await bundle(name)
  const server = createServer((request, response) => {
    const isScript = request.url === '/app.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? app : html)
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${port}`
}

const operation = z.object({ operationName: z.string() })

interface OpenApp {
  readonly page: Page
  readonly gateway: TestGateway
  /** The operations that it has sent. */
  readonly sent: readonly string[]
}

async function openApp(query: string, uuidOf: (gateway: TestGateway) => string): Promise<OpenApp> {
  const origin = await startApp('contacts-app')
  const gateway = await createTestGateway({ corsOrigins: [origin], sandbox: { seed: 50 } })
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const sent: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(operation.parse(request.postDataJSON()).operationName)
  })
  await page.goto(`${origin}/?gateway=${encodeURIComponent(gateway.url)}&uuid=${uuidOf(gateway)}${query}`)
  return { page, gateway, sent }
}

const linesOf = async (page: Page, id: string): Promise<string[]> =>
  ((await page.locator(`#${id}`).textContent()) ?? '').split('\n')

test('a tag that is added to a contact appears in its page and in the list, without another query', async () => {
  const { page, gateway, sent } = await openApp('', ({ sandbox }) => sandbox.contacts.all()[5]?.uuid ?? '')
  await expect.poll(async () => (await linesOf(page, 'list')).length).toBe(20)
  await expect.poll(async () => (await linesOf(page, 'page'))[0]).not.toBe('')
  const [before = ''] = await linesOf(page, 'page')
  const list = await linesOf(page, 'list')
  expect([before.includes('VIP'), list.includes(before)]).toEqual([false, true])
  await page.getByRole('button', { name: 'Add VIP' }).click()
  await expect.poll(async () => (await linesOf(page, 'page'))[0]).toContain('VIP')
  const [after = ''] = await linesOf(page, 'page')
  expect(await linesOf(page, 'list')).toEqual(list.map((line) => (line === before ? after : line)))
  expect(sent.toSorted()).toEqual(['ContactPage', 'Contacts', 'UpdateContact'])
  expect(gateway.sandbox.contacts.all()[5]?.tags).toContain('VIP')
})

test('relayStylePagination merges the pages of a list', async () => {
  const { page, gateway } = await openApp('&pages', ({ sandbox }) => sandbox.contacts.all()[5]?.uuid ?? '')
  for (const count of [20, 40, gateway.sandbox.contacts.all().length]) {
    await expect.poll(async () => (await linesOf(page, 'list')).length).toBe(count)
    await page.getByRole('button', { name: 'More' }).click()
  }
})

test('a create that a page load interrupts is continued with its key, and creates one contact', async () => {
  const origin = await startApp('once-app')
  const gateway = await createTestGateway({ corsOrigins: [origin] })
  const { contacts, requests } = gateway.sandbox
  const before = contacts.all().length
  // The contact is created, and nothing is answered until after the page load.
  gateway.sandbox.failNext({ on: 'POST', afterWork: true, delayMs: 1000, drop: true })
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.goto(`${origin}/?gateway=${encodeURIComponent(gateway.url)}`)
  await page.getByRole('button', { name: 'Create' }).click()
  await expect.poll(() => requests.filter(({ method }) => method === 'POST').length).toBe(1)
  await page.reload()
  await expect.poll(() => page.locator('#result').textContent()).toBe('done true')
  expect(contacts.all()).toHaveLength(before + 1)
  expect(requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  expect(await page.evaluate('sessionStorage.length')).toBe(0)
})

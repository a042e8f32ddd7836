/** A form in the browser whose create survives a page load: `once` with the storage of the tab. */
import { print } from 'graphql'
import type { Send } from '../../../src/client/index.ts'
import { CreateContactDocument, once, pendingVariables } from '../../../src/client/index.ts'

const gateway = new URL(location.href).searchParams.get('gateway') ?? ''
const options = { storage: sessionStorage, name: 'new-contact' }

const send: Send = async (document, variables, { signal }) => {
  const response = await fetch(gateway, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
    signal,
  })
  return response.json()
}

async function create(input: { identifier: string; source: 'WHATSAPP'; name: string }): Promise<void> {
  const result = await once(send, CreateContactDocument, { input }, options)
  const element = document.querySelector('#result')
  if (element) element.textContent = `${result.status} ${'replayed' in result ? result.replayed : ''}`
}

const form = { identifier: '+39 333 123 4567', source: 'WHATSAPP', name: 'Ada' } as const
document.querySelector('#create')?.addEventListener('click', () => void create(form))

/** Continues what a page load has interrupted. */
async function resume(): Promise<void> {
  if ((await pendingVariables(sessionStorage, 'new-contact')) !== null) await create(form)
}

void resume()

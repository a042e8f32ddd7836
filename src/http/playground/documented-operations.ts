/** Reads the operations of `schema/operations/`, each with variables that work on the sandbox. */
import { readdir, readFile } from 'node:fs/promises'
import { packageRoot } from '../../package-root.ts'

export interface DocumentedOperation {
  readonly name: string
  /** The document, with one operation. */
  readonly query: string
  /** As JSON. */
  readonly variables: string
}

const folder = new URL('schema/operations/', packageRoot)
/** The first tabs, in the order in which a new user needs them. The others follow by name. */
const journey = [
  'CreateContact',
  'KeyedOperation',
  'Contacts',
  'ContactPage',
  'ContactForm',
  'UpdateContact',
  'AddConversationNote',
  'SetBotStatus',
  'CloseConversation',
  'OpenConversation',
  'MoveToFunnel',
  'Contact',
  'ContactByPhone',
  'ContactByBsuid',
  'Node',
  'DeleteContact',
]

/** @returns the names, sorted */
export async function listDocumentedOperations(): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.graphql')).toSorted()
  return files.map((file) => file.replace('.graphql', ''))
}

/** @returns the operations in the order of the tabs */
export async function readDocumentedOperations(): Promise<DocumentedOperation[]> {
  const names = await listDocumentedOperations()
  const ordered = [...journey, ...names.filter((name) => !journey.includes(name))]
  return Promise.all(
    ordered.map(async (name) => ({
      name,
      query: await read(`${name}.graphql`),
      variables: await read(`${name}.variables.json`),
    })),
  )
}

async function read(file: string): Promise<string> {
  const text = await readFile(new URL(file, folder), 'utf8')
  return text.trimEnd()
}

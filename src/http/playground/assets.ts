/**
 * GraphiQL's files, from the package that ships them. They have nine megabytes. They are read and compressed
 * when a browser first requests the page, and served under names that contain their hash.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { codeRoot } from '../../package-root.ts'

export interface Asset {
  /** The file name with the hash of the content, so that the content of a name never changes. */
  readonly name: string
  readonly type: string
  readonly plain: Uint8Array<ArrayBuffer>
  readonly gzipped: Uint8Array<ArrayBuffer>
}

export interface Assets {
  readonly style: Asset
  readonly script: Asset
  readonly pageStyle: Asset
  readonly start: Asset
  readonly workers: { readonly editorWorkerService: Asset; readonly json: Asset; readonly graphql: Asset }
}

/** @returns all files of the page, compressed once */
export async function readAssets(): Promise<Assets> {
  const bundle = await import('@graphql-yoga/render-graphiql/graphiql')
  const [pageCss, startCode] = await Promise.all([read('page.css'), read('start.js')])
  const [style, pageStyle, script, start, editorWorkerService, json, graphql] = await Promise.all([
    createAsset('graphiql.css', bundle.css),
    createAsset('page.css', pageCss),
    createAsset('graphiql.js', bundle.js),
    createAsset('start.js', startCode),
    createAsset('editor-worker.js', bundle.editorWorkerService),
    createAsset('json-worker.js', bundle.jsonWorker),
    createAsset('graphql-worker.js', bundle.graphqlWorker),
  ])
  return { style, pageStyle, script, start, workers: { editorWorkerService, json, graphql } }
}

function read(fileName: string): Promise<string> {
  return readFile(new URL(`http/playground/${fileName}`, codeRoot), 'utf8')
}

async function createAsset(fileName: string, content: string): Promise<Asset> {
  const plain = new TextEncoder().encode(content)
  const hash = createHash('sha256').update(plain).digest('hex').slice(0, 16)
  const [stem, extension] = fileName.split('.')
  return {
    name: `${stem}-${hash}.${extension}`,
    type: extension === 'css' ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
    plain,
    gzipped: new Uint8Array(await promisify(gzip)(plain)),
  }
}

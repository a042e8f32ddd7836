/** Serves GraphiQL: the page and its files. Nothing comes from another host. */
import type { Asset, Assets } from './assets.ts'
import { readAssets } from './assets.ts'
import type { DocumentedOperation } from './documented-operations.ts'
import { readDocumentedOperations } from './documented-operations.ts'

export interface Playground {
  /** @returns the HTML page */
  answerPage(): Promise<Response>
  /** @returns one of the page's files; 404 for any other path */
  answerAsset(pathname: string, acceptEncoding: string | null): Promise<Response>
}

/** The path prefix of the page's files. */
export const assetsPath = '/graphiql/'

/** Allows this origin only, and no inline script. Monaco, GraphiQL's editor, needs inline styles and fonts. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** @param endpoint the path of GraphQL, which the page calls */
export function createPlayground(endpoint: string): Playground {
  // A failed read is not cached, so that the next request retries it.
  let reading: Promise<{ page: string; files: Map<string, Asset> }> | undefined
  const read = () => {
    reading ??= prepare(endpoint).catch((error: unknown) => {
      reading = undefined
      throw error
    })
    return reading
  }

  return {
    async answerPage() {
      const { page } = await read()
      return new Response(page, {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': contentSecurityPolicy,
          'cache-control': 'no-cache',
          'referrer-policy': 'no-referrer',
          'x-content-type-options': 'nosniff',
          vary: 'accept',
        },
      })
    },
    async answerAsset(pathname, acceptEncoding) {
      const { files } = await read()
      const asset = files.get(pathname.slice(assetsPath.length))
      if (asset === undefined) return new Response('Not found\n', { status: 404 })
      const isGzipped = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(acceptEncoding ?? '')
      const bytes = isGzipped ? asset.gzipped : asset.plain
      return new Response(streamOf(bytes), {
        headers: {
          'content-length': String(bytes.length),
          'content-type': asset.type,
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
          vary: 'accept-encoding',
          ...(isGzipped && { 'content-encoding': 'gzip' }),
        },
      })
    },
  }
}

/** Bytes of a file that are in memory for one slow client. */
const partBytes = 65_536

/**
 * All responses share the file in memory. Without a stream, each Response would hold a copy until its client
 * has received it.
 */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0
  return new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(bytes.subarray(start, start + partBytes))
        start += partBytes
        if (start >= bytes.length) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

async function prepare(endpoint: string): Promise<{ page: string; files: Map<string, Asset> }> {
  const [assets, operations] = await Promise.all([readAssets(), readDocumentedOperations()])
  const { style, pageStyle, script, start, workers } = assets
  const files = [style, pageStyle, script, start, ...Object.values(workers)]
  return {
    page: renderPage(endpoint, assets, operations),
    files: new Map(files.map((file) => [file.name, file])),
  }
}

function renderPage(endpoint: string, assets: Assets, operations: DocumentedOperation[]): string {
  const workers = Object.fromEntries(
    Object.entries(assets.workers).map(([label, { name }]) => [label, assetsPath + name]),
  )
  // Inside a script element, only `<` could end the data early.
  const data = JSON.stringify({ endpoint, operations, workers }).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Callbell GraphiQL</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${assetsPath}${assets.style.name}">
    <link rel="stylesheet" href="${assetsPath}${assets.pageStyle.name}">
  </head>
  <body class="no-focus-outline">
    <noscript>GraphiQL needs JavaScript.</noscript>
    <p id="credentials" role="status" hidden>
      This gateway needs credentials. Open <b>Headers</b> below the editor, and enter
      <code>{ "x-api-key": "your key" }</code> or <code>{ "authorization": "Bearer your token" }</code>.
      Headers are not stored: enter them again after a reload.
    </p>
    <div id="root"></div>
    <script type="application/json" id="playground">${data}</script>
    <script src="${assetsPath}${assets.script.name}"></script>
    <script src="${assetsPath}${assets.start.name}"></script>
  </body>
</html>
`
}

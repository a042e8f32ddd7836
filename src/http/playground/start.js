// Runs in the browser, after GraphiQL's own script: opens the editor with the documented operations.
const { endpoint, operations, workers } = JSON.parse(document.querySelector('#playground').textContent)

self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => workers[label] }

// GraphiQL ignores the variables of its `defaultTabs`, but it reads complete tabs from local storage. So the
// first visit fills the storage. Later visits find their own tabs.
const tabs = 'graphiql:tabState'
if (localStorage.getItem(tabs) === null) {
  const [first] = operations
  localStorage.setItem('graphiql:query', first.query)
  localStorage.setItem('graphiql:variables', first.variables)
  localStorage.setItem(
    tabs,
    JSON.stringify({
      activeTabIndex: 0,
      tabs: operations.map(({ name, query, variables }) => ({
        id: name,
        hash: null,
        title: name,
        operationName: name,
        query,
        variables,
        headers: null,
        response: null,
      })),
    }),
  )
}

const signIn = document.querySelector('#credentials')

/** Sends an operation. A request without accepted credentials shows how to sign in. */
async function fetcher({ query, operationName, variables }, { headers } = {}) {
  // Just after a click on a tab, GraphiQL names the operation of the tab before.
  const hasName = new RegExp(`(?:query|mutation|subscription)\\s+${operationName}\\b`).test(query)
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables, ...(hasName && { operationName }) }),
  })
  signIn.hidden = response.status !== 401
  return response.json()
}

/** The local storage without the headers that the history has of each run: they are secrets. */
const storage = {
  getItem: (key) => localStorage.getItem(key),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  get length() {
    return localStorage.length
  },
  setItem(key, value) {
    const isHistory = /queries|favorites/.test(key)
    localStorage.setItem(key, isHistory ? withoutHeaders(value) : value)
  },
}

function withoutHeaders(list) {
  return JSON.stringify(JSON.parse(list, (name, content) => (name === 'headers' ? undefined : content)))
}

async function start() {
  // GraphiQL measures its tabs once. If a font arrives later, the tabs are not where the clicks are expected.
  await Promise.allSettled([...document.fonts].map((font) => font.load()))
  globalThis.YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
    fetcher,
    title: 'Callbell GraphiQL',
    // Not used while the storage has tabs. Without it, the bundle adds a tab with its own welcome text.
    defaultTabs: operations,
    // The bundle replaces GraphiQL's plugins by one of its own. Without a list, the history is on.
    plugins: undefined,
    storage,
    // An Authorization header must not be stored: it would outlive the session in local storage.
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
    // The bundle's default handler writes every query, including typed values, to the address bar.
    onEditQuery: () => {},
  })
}

void start()

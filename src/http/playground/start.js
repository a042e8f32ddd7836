// Runs in the browser, after GraphiQL's own script: opens the editor with the documented operations.
const { endpoint, operations, workers } = JSON.parse(document.querySelector('#playground').textContent)

self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_module, label) => workers[label] }

// GraphiQL drops the variables of its `defaultTabs`; it reads whole tabs from its storage. So the
// first visit is given a storage to find; later visits find what the visitor left.
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

globalThis.YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  endpoint,
  title: 'Callbell GraphiQL',
  // Not read while the storage holds tabs; without it the bundle opens its own welcome text beside them.
  defaultTabs: operations,
  // An Authorization header is not for keeping: it would outlive the session in local storage.
  shouldPersistHeaders: false,
  showPersistHeadersSettings: false,
  // The bundle's own handler writes every query, and what is typed into it, into the address bar.
  onEditQuery: () => {},
})

/** The sandbox in its own thread: it posts its URL, and on request what it has received. */
import { parentPort, workerData } from 'node:worker_threads'
import { startSandbox } from '../../src/sandbox/sandbox.ts'

const sandbox = await startSandbox(workerData)
parentPort?.on('message', () => {
  // The first contact was there from the start.
  const [, ...contacts] = sandbox.contacts.all()
  parentPort?.postMessage({
    contacts: contacts.map(({ name, uuid }) => ({ name, uuid })),
    requests: sandbox.requests.length,
    rejections: sandbox.rejections(),
  })
})
parentPort?.postMessage(sandbox.url)

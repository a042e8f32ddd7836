/** The sandbox as a thread of its own: tells its URL, and what it has seen when it is asked. */
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

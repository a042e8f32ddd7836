/** The process: reads its configuration, and serves until it is told to end. */
import { announce, fail, openLog, openOwnStore, readSettings } from './process.ts'
import { serve } from './serve.ts'
import { openUpstream } from './upstream.ts'

async function start(): Promise<void> {
  const config = readSettings()
  const log = openLog(config)
  const store = await openOwnStore(config, log)
  const upstream = await openUpstream(config)
  const serving = await serve({ config, log, store, upstream })

  /** The process ends by itself then. */
  async function end(signal: NodeJS.Signals): Promise<void> {
    log.info(`${signal}: finishing what has started`)
    await serving.end()
    await upstream.close?.()
  }
  // Once: a second signal ends the process at once, as everywhere.
  process.once('SIGTERM', (signal) => void end(signal))
  process.once('SIGINT', (signal) => void end(signal))
  announce(log, config, serving.url)
}

await start().catch(fail)

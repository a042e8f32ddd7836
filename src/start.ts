/** Starts the process: reads its configuration, and serves itself or by workers, until it is told to end. */
import {
  announce,
  fail,
  openLog,
  openOwnStore,
  prepareRuntime,
  readEnvironment,
  readSettings,
} from './process.ts'

async function start(): Promise<void> {
  prepareRuntime()
  const { config, variables } = readSettings(readEnvironment)
  const log = openLog(config)
  if (config.workers > 1) {
    const { startPrimary } = await import('./primary.ts')
    await startPrimary(config, variables, log)
    return
  }
  // A process that only keeps workers does without all of this.
  const [{ serve }, { openUpstream }] = await Promise.all([import('./serve.ts'), import('./upstream.ts')])
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

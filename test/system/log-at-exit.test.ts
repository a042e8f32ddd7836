import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('a process that exits writes all its lines', async () => {
  const script = `
    import pino from 'pino'
    import { joinLines } from './src/telemetry/log.ts'
    const log = pino({ base: null, timestamp: false }, joinLines(pino.destination(1)))
    log.info('the last')
    process.exit()
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  expect(stdout).toBe('{"level":30,"msg":"the last"}\n')
})

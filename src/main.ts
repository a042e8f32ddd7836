/** The entry of the process: what must be set before any other code is loaded. It imports nothing else. */
const flag = '--disallow-code-generation-from-strings'

/**
 * Makes sure that V8 refuses `eval`, `new Function` and their kin in this process. V8 takes the flag
 * only when the process starts. A Node that was started without it is replaced by one with it, in the
 * same process (`execve`). To be called before any other code is loaded.
 *
 * @throws Error where the process can't be replaced, as on Windows
 */
function forbidCodeGeneration(): void {
  if (!isAllowed()) return
  const { execPath, execArgv, argv } = process
  if (process.execve === undefined || process.platform === 'win32') {
    throw new Error(`This platform needs the flag at the start: node ${flag} ${argv.slice(1).join(' ')}`)
  }
  process.execve(execPath, [execPath, flag, ...execArgv, ...argv.slice(1)], process.env)
}

function isAllowed(): boolean {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- whether this works is the question
    return new Function('return true')() === true
  } catch {
    return false
  }
}

forbidCodeGeneration()
// graphql-js reads it when it is loaded, and otherwise checks at each use that there is only one graphql-js.
process.env['NODE_ENV'] ??= 'production'
await import('./bootstrap.ts')

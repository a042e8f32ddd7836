/** The entry point of the process: it sets what must be set before any other code is loaded. */
const flag = '--disallow-code-generation-from-strings'

/**
 * Ensures that V8 refuses `eval`, `new Function` and similar in this process. V8 reads the flag only at the
 * start of the process. If Node was started without it, `execve` replaces it by a Node with the flag, in the
 * same process. Call it before any other code is loaded.
 *
 * @throws Error if the process cannot be replaced, as on Windows
 */
function forbidCodeGeneration(): void {
  if (!isAllowed()) return
  const { execPath, execArgv, argv } = process
  if (process.execve === undefined || process.platform === 'win32') {
    throw new Error(
      `This platform needs a flag of Node. Start the gateway with: node ${flag} ${argv.slice(1).join(' ')}`,
    )
  }
  process.execve(execPath, [execPath, flag, ...execArgv, ...argv.slice(1)], process.env)
}

function isAllowed(): boolean {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- this tests whether it works
    return new Function('return true')() === true
  } catch {
    return false
  }
}

forbidCodeGeneration()
// graphql-js reads it when it is loaded. Without it, graphql-js checks at each use that it is loaded only once.
process.env['NODE_ENV'] ??= 'production'
await import('./bootstrap.ts')

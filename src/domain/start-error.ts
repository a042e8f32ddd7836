/** Why the gateway cannot start, as a message for the operator. It is expected, so no stack is shown. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

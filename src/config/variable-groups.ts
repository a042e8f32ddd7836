/** All environment variables of the gateway, in the order of the reference. */
import { authenticationVariables } from './variables/authentication.ts'
import { callbellVariables } from './variables/callbell.ts'
import { callerVariables, schemaVariables } from './variables/callers.ts'
import { serverVariables } from './variables/server.ts'
import { storeVariables } from './variables/store.ts'
import { logVariables, traceVariables } from './variables/telemetry.ts'

export const variableGroups = [
  { title: 'Callbell', variables: callbellVariables },
  { title: 'Store', variables: storeVariables },
  { title: 'Server', variables: serverVariables },
  { title: 'Authentication', variables: authenticationVariables },
  { title: 'Callers', variables: callerVariables },
  { title: 'Schema', variables: schemaVariables },
  { title: 'Log', variables: logVariables },
  { title: 'Traces', variables: traceVariables },
]

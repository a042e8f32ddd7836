/** Records the type and name of the operation as soon as the document is parsed. */
import { getOperationAST } from 'graphql'
import type { GatewayPlugin } from './builder.ts'

export const useOperationRecord: GatewayPlugin = {
  onParse: () => (parsed) => {
    const { result, context } = parsed
    if (result === null || result instanceof Error) return
    const { operationName, query = '' } = context.params
    const operation = getOperationAST(result, operationName)
    if (!operation) return
    context.recorder.parsed({ type: operation.operation, name: operation.name?.value, text: query })
  },
}

/** Registered documents, which callers send by id. The gateway may reject all other documents. */
import type { GraphQLParams } from 'graphql-yoga'
import { isObject } from '../domain/json.ts'
import type { GatewayPlugin } from '../graphql/builder.ts'
import { RequestError } from '../graphql/request-error.ts'

export interface PersistedDocuments {
  /** Documents by id, as a code generator writes them for a frontend. */
  readonly documents: ReadonlyMap<string, string>
  /** Whether all other documents are rejected. */
  readonly isExclusive: boolean
}

/**
 * Accepts an id as `documentId`, and as Apollo's `extensions.persistedQuery.sha256Hash`. A registered document
 * may be sent as text as well.
 */
export function usePersistedDocuments({ documents, isExclusive }: PersistedDocuments): GatewayPlugin {
  const texts = new Set(documents.values())
  return {
    onParams({ request, params, setParams }) {
      const id = findId(params, request)
      if (id !== undefined && !params.query) {
        const query = documents.get(id)
        if (query === undefined) {
          const message = 'No registered document has this id.'
          throw new RequestError({ status: 400, code: 'PERSISTED_QUERY_NOT_FOUND', message })
        }
        const { variables, operationName, extensions } = params
        setParams({
          query,
          ...(variables && { variables }),
          ...(operationName && { operationName }),
          ...(extensions && { extensions }),
        })
      } else if (isExclusive && !texts.has(params?.query ?? '')) {
        const message = 'This gateway only runs registered documents. Send the `documentId` of one.'
        throw new RequestError({ status: 403, code: 'PERSISTED_QUERY_REQUIRED', message })
      }
    },
  }
}

/** The parameters are not checked yet: Yoga does so afterwards. */
function findId(params: GraphQLParams | null, request: Request): string | undefined {
  const found: unknown[] = [
    request.method === 'GET' ? new URL(request.url).searchParams.get('documentId') : null,
    isObject(params) && 'documentId' in params ? params.documentId : null,
    params?.extensions?.['persistedQuery']?.sha256Hash,
  ]
  return found.find((id) => typeof id === 'string')
}

/** Registered documents, which callers send by id. The gateway may reject all other documents. */
import type { GraphQLParams } from 'graphql-yoga'
import { isObject } from '../domain/json.ts'
import type { GatewayPlugin } from '../graphql/builder.ts'
import type { RequestErrorCode } from '../graphql/request-error.ts'
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
 *
 * @param persisted null: there are none, and a hash alone is answered as by a server without them
 */
export function usePersistedDocuments(persisted: PersistedDocuments | null): GatewayPlugin {
  if (persisted === null) return useNoDocuments
  const { documents, isExclusive } = persisted
  const texts = new Set(documents.values())
  return {
    onParams({ request, params, setParams }) {
      const id = params?.query ? undefined : findDocumentId(params, request)
      const hash = params?.query ? undefined : findHash(params)
      if (id !== undefined || hash !== undefined) {
        const { variables, operationName, extensions } = params
        setParams({
          query: find(id, hash),
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

  function find(id: string | undefined, hash = ''): string {
    // Manifests of code generators may name the algorithm of an id. Apollo's clients send the digest alone.
    const query =
      id === undefined ? (documents.get(hash) ?? documents.get(`sha256:${hash}`)) : documents.get(id)
    if (query !== undefined) return query
    if (id === undefined) throw apolloError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
    const message = 'No registered document has this id.'
    throw new RequestError({ status: 400, code: 'PERSISTED_QUERY_NOT_FOUND', message })
  }
}

const useNoDocuments: GatewayPlugin = {
  onParams({ params }) {
    if (params?.query || findHash(params) === undefined) return
    throw apolloError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported')
  },
}

/**
 * Clients compare these messages, and then send the document. As with Apollo Server, `application/json` is
 * answered 200: some clients read no other answer of that type. In `application/graphql-response+json`,
 * GraphQL over HTTP requires a 4xx where nothing ran, and clients read the body of any status.
 */
function apolloError(code: RequestErrorCode, message: string): RequestError {
  return new RequestError({ status: 400, isOkInJson: true, code, message })
}

/** The parameters are not checked yet: Yoga does so afterwards. */
function findDocumentId(params: GraphQLParams | null, request: Request): string | undefined {
  const found: unknown[] = [
    request.method === 'GET' ? new URL(request.url).searchParams.get('documentId') : null,
    isObject(params) && 'documentId' in params ? params.documentId : null,
  ]
  return found.find((id) => typeof id === 'string')
}

/** @returns what Apollo's clients call the hash of a persisted query */
function findHash(params: GraphQLParams | null): string | undefined {
  const hash: unknown = params?.extensions?.['persistedQuery']?.sha256Hash
  return typeof hash === 'string' ? hash : undefined
}

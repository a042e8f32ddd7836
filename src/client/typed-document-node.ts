/**
 * The type of the generated documents: a GraphQL document with the types of its result and its variables.
 * It is declared here, so that the client's types need no other package.
 */
export interface TypedDocumentNode<Result, Variables> {
  // graphql 15 types the kind as a string, 16 as a member of its enum, and 17 in another way. All of them,
  // and every client, accept `never`. The documents are passed on, and not inspected.
  readonly kind: never
  readonly definitions: readonly never[]
  /** Never set. Apollo, urql, graphql-request and others infer both types from it. */
  readonly __apiType?: (variables: Variables) => Result
}

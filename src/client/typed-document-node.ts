/**
 * What the generated documents are to a compiler: a GraphQL document that knows the types of its
 * result and of its variables. Written out here, so that the client's types need no other package.
 */
export interface TypedDocumentNode<Result, Variables> {
  // graphql 15 types the kind as a text, 16 as a member of its enum, and 17 in its own way: all of
  // them, and every client, take `never`. The documents are for handing on, not for looking into.
  readonly kind: never
  readonly definitions: readonly never[]
  /** Never there: by it Apollo, urql, graphql-request and others find out both types. */
  readonly __apiType?: (variables: Variables) => Result
}

/** Lints GraphQL alone: the documented operations and the schema. `oxlint` lints the code. */
import graphql from '@graphql-eslint/eslint-plugin'

const languageOptions = {
  parser: graphql.parser,
  parserOptions: {
    graphQLConfig: { schema: 'schema/schema.graphql', documents: 'schema/operations/*.graphql' },
  },
}
const plugins = { '@graphql-eslint': graphql }

export default [
  {
    files: ['schema/operations/*.graphql'],
    plugins,
    languageOptions,
    rules: graphql.configs['flat/operations-recommended'].rules,
  },
  {
    files: ['schema/schema.graphql'],
    plugins,
    languageOptions,
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      // Payloads, pages, messages and custom fields have no identity.
      '@graphql-eslint/strict-id-in-types': 'off',
      // Small lists are plain lists, and `nodes` is a list beside `edges`.
      '@graphql-eslint/relay-edge-types': 'off',
      // Callbell cannot be read backward.
      '@graphql-eslint/relay-arguments': 'off',
    },
  },
]

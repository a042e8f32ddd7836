import { builder } from '../builder.ts'

builder.scalarType('DateTime', {
  description:
    'A moment as RFC 3339 text, for example `2020-11-13T21:08:53Z`: `new Date(value)` reads it. The time is as Callbell tells it.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  // The codec has made sure of the form; here it only passes through.
  serialize: (value) => value,
})

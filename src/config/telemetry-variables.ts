/** The variables for the log and for traces. */
import { z } from 'zod'
import { logLevels } from '../domain/logger.ts'
import { anyString, oneOf, parseHeaders, ratio } from './env-parsers.ts'
import { variable } from './variable.ts'

const endpoint = z
  .string()
  .refine((text) => /^https?:\/\/[^?#]+$/.test(text) && URL.canParse(text), {
    // It may hold credentials.
    error:
      'must be a URL such as http://localhost:4318, without a query or a fragment (its value is not shown here)',
  })
  .transform((text) => text.replace(/\/+$/, ''))
  .describe('an http or https URL such as `http://localhost:4318`')

const headers = z
  .string()
  .transform((text, context) => {
    const parsed = parseHeaders(text)
    if (parsed) return parsed
    context.addIssue(
      'must list headers as name=value, percent-encoded, separated by commas (its value is not shown here)',
    )
    return z.NEVER
  })
  .describe('a list of `name=value`, percent-encoded, separated by commas')

export const logVariables = {
  LOG_LEVEL: variable(oneOf(logLevels), {
    default: 'info',
    description: 'The lowest level that is logged.',
  }),
  LOG_SAMPLE: variable(ratio(), {
    default: '1',
    description: 'The ratio of the requests without an error that are logged.',
  }),
}

export const traceVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(endpoint, {
    description: 'Where traces are sent, by OTLP over HTTP. Without it nothing is traced.',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: variable(headers, {
    default: '',
    description: 'Headers that are sent with the traces. They may hold credentials.',
  }),
  OTEL_SERVICE_NAME: variable(anyString('a name'), {
    default: 'callbell-graphql',
    description: 'The name of the service in traces.',
  }),
  OTEL_TRACES_SAMPLER_ARG: variable(ratio(), {
    default: '1',
    description:
      'The ratio of the traces that is kept, of those that begin here. A trace that a caller began is kept if the caller says so.',
  }),
}

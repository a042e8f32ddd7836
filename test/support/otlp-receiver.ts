/** A real OTLP receiver: it accepts exports over HTTP and decodes them by the protocol's message format. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import protobuf from 'protobufjs'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { listen } from '../../src/listen.ts'

/** The parts of opentelemetry/proto/trace/v1 that a trace needs. The protocol defines the numbers. */
const format = protobuf
  .parse(
    `
  syntax = "proto3";
  message Export { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Scope { string name = 1; string version = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4;
    string name = 5; int32 kind = 6; fixed64 start = 7; fixed64 end = 8;
    repeated KeyValue attributes = 9; Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }
  }
`,
  )
  .root.lookupType('Export')

const keyValues = z
  .array(
    z.object({
      key: z.string(),
      value: z.object({
        stringValue: z.string().optional(),
        boolValue: z.boolean().optional(),
        intValue: z.coerce.number().optional(),
        doubleValue: z.number().optional(),
      }),
    }),
  )
  .transform((pairs) =>
    Object.fromEntries(
      pairs.map(({ key, value }) => [
        key,
        value.stringValue ?? value.boolValue ?? value.intValue ?? value.doubleValue,
      ]),
    ),
  )
const id = z.base64().transform((text) => Buffer.from(text, 'base64').toString('hex'))

const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: keyValues }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: id,
              spanId: id,
              parentSpanId: id,
              traceState: z.string(),
              name: z.string(),
              kind: z.number(),
              /** Nanoseconds since the epoch. */
              start: z.string().transform(BigInt),
              end: z.string().transform(BigInt),
              attributes: keyValues,
              status: z.object({ code: z.number() }).nullish(),
            }),
          ),
        }),
      ),
    }),
  ),
})

export type ReceivedSpan = z.output<
  typeof exported
>['resourceSpans'][number]['scopeSpans'][number]['spans'][number] & { readonly resource: object }

export interface OtlpReceiver {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string
  readonly spans: readonly ReceivedSpan[]
  /** Path and headers of each export. */
  readonly exports: readonly { readonly path: string; readonly headers: NodeJS.Dict<string | string[]> }[]
  /** Sets the response to exports from now on; null: none. */
  answer(status: number | null): void
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const exports: OtlpReceiver['exports'][number][] = []
  let status: number | null = 200
  const server = createServer(async (request, response) => {
    const message = format.decode(await buffer(request))
    const json = format.toObject(message, { longs: String, bytes: String, defaults: true })
    exports.push({ path: request.url ?? '', headers: request.headers })
    for (const { resource, scopeSpans } of exported.parse(json).resourceSpans) {
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        spans.push({ ...span, resource: resource.attributes })
      }
    }
    if (status !== null) response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end()
  })
  const { port } = await listen(server, 0, '127.0.0.1')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    exports,
    answer: (given) => (status = given),
  }
}

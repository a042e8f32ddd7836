/** Traces by OpenTelemetry. Loaded only where tracing is on, because it costs start time and memory. */
import { randomUUID } from 'node:crypto'
import type { Context, Span as OtelSpan, Tracer } from '@opentelemetry/api'
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Logger } from '../domain/logger.ts'
import type { Span, StartTrace, TraceHeaders } from './span.ts'

export interface TraceSettings {
  /** Base URL for OTLP without a trailing slash. Traces are sent to `/v1/traces` below it. */
  readonly endpoint: string
  /** Sent with each export. They may contain credentials. */
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  /** The ratio of sampled traces, from 0 to 1. A trace that a caller started is sampled as the caller decided. */
  readonly sampleRatio: number
}

export interface Traces {
  readonly startTrace: StartTrace
  /** Exports the remaining spans. It does not reject. */
  readonly close: () => Promise<void>
}

export interface TracesOptions extends TraceSettings {
  readonly version: string
  readonly log: Logger
}

const warnEveryMs = 60_000
/** In characters. Bounds what a caller sends while it waits to be exported. */
const maxAttributeLength = 256
/** A receiver that hangs delays the shutdown by no more than this. */
const exportTimeoutMs = 3000

const propagator = new W3CTraceContextPropagator()
const kinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT } as const

export function createTraces(options: TracesOptions): Traces {
  const { endpoint, headers, serviceName, sampleRatio, version, log } = options
  let warnedAt = Number.NEGATIVE_INFINITY
  // OpenTelemetry reports failed exports only here, with the same message for each batch.
  const warn = (message: string): void => {
    const now = performance.now()
    if (now - warnedAt < warnEveryMs) return
    warnedAt = now
    log.warn({ reason: message }, 'OpenTelemetry has a problem')
  }
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': serviceName,
      'service.version': version,
      'service.instance.id': randomUUID(),
    }),
    spanLimits: { attributeValueLengthLimit: maxAttributeLength },
    sampler: new ParentBasedSampler({
      root: sampleRatio >= 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(sampleRatio),
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${endpoint}/v1/traces`,
          headers: { ...headers },
          timeoutMillis: exportTimeoutMs,
        }),
        exportTimeoutMillis: exportTimeoutMs,
      }),
    ],
  })
  const tracer = provider.getTracer('callbell-graphql', version)

  return {
    startTrace(name, attributes, given, startedAt) {
      const parent = contextOf(given)
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes, startTime: startedAt }, parent)
      return wrap(tracer, span, trace.setSpan(parent, span))
    },
    close: () =>
      provider.shutdown().catch((error: unknown) => {
        log.warn({ reason: String(error) }, 'OpenTelemetry: the last traces could not be sent')
      }),
  }
}

function ignore(): void {
  // An operator does not need these levels.
}

function contextOf({ traceparent, tracestate }: TraceHeaders): Context {
  if (traceparent === null) return ROOT_CONTEXT
  // An invalid traceparent starts a new trace.
  const carrier = { traceparent, ...(tracestate !== null && { tracestate }) }
  return propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)
}

function wrap(tracer: Tracer, span: OtelSpan, context: Context): Span {
  return {
    traceId: span.spanContext().traceId,
    get headers() {
      const carrier: Record<string, string> = {}
      propagator.inject(context, carrier, defaultTextMapSetter)
      return carrier
    },
    child(name, kind, attributes, startTime = performance.now()) {
      const child = tracer.startSpan(name, { kind: kinds[kind], attributes, startTime }, context)
      return wrap(tracer, child, trace.setSpan(context, child))
    },
    set: (attributes) => void span.setAttributes(attributes),
    end(error) {
      if (error !== undefined) {
        span.setAttribute('error.type', error)
        span.setStatus({ code: SpanStatusCode.ERROR })
      }
      span.end(performance.now())
    },
  }
}

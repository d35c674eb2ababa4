/** What an operator gives to `node --import`: registers an SDK of OpenTelemetry, here with an exporter that writes spans to stderr. */
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

const exporter = {
  export(spans: readonly ReadableSpan[], done: (result: { code: number }) => void) {
    for (const span of spans) {
      const { name, attributes, parentSpanContext } = span
      const { traceId } = span.spanContext()
      process.stderr.write(`${JSON.stringify({ name, traceId, parentId: parentSpanContext?.spanId, attributes })}\n`)
    }
    done({ code: 0 })
  },
  shutdown: async () => {},
}

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))

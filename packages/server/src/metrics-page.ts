/** GET /metrics: where Prometheus asks the server that `main.ts` runs. Never on the port that the world reaches, unless that is `dev`. */
import type { Metrics } from './telemetry/metrics.ts'

/** Answers a scrape; `undefined` for any other request. */
export async function answerScrape(metrics: Metrics, request: Request): Promise<Response | undefined> {
  if (request.method !== 'GET' || new URL(request.url).pathname !== '/metrics') return undefined
  const headers = { 'content-type': metrics.contentType, 'cache-control': 'no-store' }
  return new Response(await metrics.text(), { headers })
}

/** Answers on a port that has nothing but metrics. */
export async function metricsPage(metrics: Metrics, request: Request): Promise<Response> {
  return (await answerScrape(metrics, request)) ?? new Response('GET /metrics\n', { status: 404 })
}

/** An orders API as a function from Request to Response, which runs wherever Fetch is spoken; here on Node. */
import { protect } from '@countersign/resource-server/fetch'
import { serve } from '@hono/node-server'

const { ISSUER: issuer = '', AUDIENCE: audience = '', PORT = '3000' } = process.env
const guard = protect({ issuer, audience })

const routes = new Map<string, (request: Request) => Response | Promise<Response>>([
  ['GET /public', () => Response.json({ message: 'Anyone may read this.' })],
  [
    'GET /orders',
    guard((_request, { claims }) => Response.json({ orders: [{ id: 1, item: 'coffee', customer: claims.sub }] }), {
      scopes: 'orders:read',
    }),
  ],
  ['GET /admin', guard(() => Response.json({ message: 'Only for administrators.' }), { roles: 'admin' })],
])

async function handle(request: Request): Promise<Response> {
  const route = routes.get(`${request.method} ${new URL(request.url).pathname}`)
  return route === undefined ? new Response(null, { status: 404 }) : route(request)
}

serve({ fetch: handle, port: Number(PORT), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`Listening on http://127.0.0.1:${port}`)
})

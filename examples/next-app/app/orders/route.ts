import { route } from '../../lib/auth'
import { ordersOf } from '../../lib/orders'

export const GET = route((_request, { claims }) => Response.json({ orders: ordersOf(claims.sub) }), {
  scopes: 'orders:read',
})

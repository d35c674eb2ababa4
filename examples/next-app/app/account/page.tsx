import { redirect } from 'next/navigation'
import { findAuth } from '../../lib/auth'
import { ordersOf } from '../../lib/orders'

/** Asks by itself who is there: the proxy may have been passed by. */
export default async function Account() {
  const auth = await findAuth({ scopes: 'orders:read' })
  if (auth === undefined) redirect('/')
  return (
    <ul>
      {ordersOf(auth.claims.sub).map(({ id, item, customer }) => (
        <li key={id}>{`${item} for ${customer}`}</li>
      ))}
    </ul>
  )
}

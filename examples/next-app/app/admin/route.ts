import { route } from '../../lib/auth'

export const GET = route(() => Response.json({ message: 'Only for administrators.' }), { roles: 'admin' })

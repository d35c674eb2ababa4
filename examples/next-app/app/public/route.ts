export const GET = () => Response.json({ message: 'Anyone may read this.' })

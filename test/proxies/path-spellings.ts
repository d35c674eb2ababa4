// Paths that ask for the role of an administrator, however they are spelt.

/** Each leads to something below /admin, as some application would read it. */
export const adminPaths = [
  '/admin',
  '/admin/',
  '/admin/users',
  '/Admin/users',
  '/ADMIN',
  '/admin.json',
  '/admin?x=1',
  '/admin%20',
  '/administration',
]

/** What is refused to everyone: the proxy could take it for one path and the application for another. */
export const ambiguousPaths = [
  '//admin/',
  '/./admin/',
  '/%61dmin/',
  '/%41DMIN/',
  '/admi%6e',
  '/%2fadmin/',
  '/%2Fadmin/',
  '/x/../admin/',
  '/x/..',
  '/x/.',
  '/x/%2e%2e/admin/',
  '/x/.%2E/admin/',
  '/x/..%2fadmin/',
  '/x%2f..%2fadmin/',
  '/x/..%5cadmin/',
  '/\\admin/',
  '/x\\..\\admin/',
  '/;/admin/',
  '/x/..;/admin/',
  '/%3b/admin/',
  '/public/../admin/',
  '/public//../admin/',
  '/public/%2e%2e/admin/',
  '/public/..%2fadmin/',
  '/public/..;/admin/',
  '/admin/../orders',
  '/admin/..%2forders',
  '/admin/%2e%2e/orders',
  '/x/..%c0%afadmin/',
  '/x/%00/../admin/',
  '/%0aadmin/',
  'http://evil.example//admin/',
]

/** What is no trick at all. */
export const plainPaths = [
  '/',
  '/orders/1?next=/x/../admin//%2e%2e%2fadmin/;a',
  '/.well-known/x',
  '/a..b/.c',
  '/a%20b',
  '/caf%C3%A9',
  '/100%25',
  '/a:b@c,d=e&f+g!h*i(j)~k-l_m',
  '/orders/admin',
]

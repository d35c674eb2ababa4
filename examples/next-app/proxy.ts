/** Spares those who are not signed in a page that they would be sent away from. It protects nothing: the page does. */
import { type NextRequest, NextResponse } from 'next/server'

export function proxy(request: NextRequest): NextResponse {
  const hasToken =
    request.headers.has('authorization') || request.cookies.getAll().some(({ name }) => /^__Host-at-/.test(name))
  return hasToken ? NextResponse.next() : NextResponse.redirect(new URL('/', request.url))
}

export const config = { matcher: '/account' }

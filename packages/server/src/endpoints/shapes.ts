/** Members that several endpoints read or answer with. */
import { z } from 'zod'

const wellFormed = (text: string) => text.isWellFormed()

export const email = z
  .string()
  .max(254)
  .regex(/^[^\s@"\p{C}]{1,64}@[^\s@"\p{C}]{1,253}$/u)
  .meta({ description: 'An e-mail address.', examples: ['ada@example.com'] })

/** A password at login: any text, so that old passwords go on working. */
export const password = z
  .string()
  .min(1)
  .max(1024)
  .refine(wellFormed, 'must be well-formed Unicode')
  .meta({ description: 'Taken as it is: nothing is trimmed or cut.', format: 'password' })

/** A password that is being chosen (OWASP ASVS 5.0 V6.2). */
export const newPassword = z
  .string()
  .min(8)
  .max(256)
  .refine(wellFormed, 'must be well-formed Unicode')
  .meta({ description: '8 to 256 characters of any kind; 15 or more are advised.', format: 'password' })

export const scope = z
  .string()
  .max(1024)
  .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/)
  .meta({ description: 'Scopes, separated by spaces, to which the access token is held.', examples: ['orders:read'] })

export const audience = z.string().min(1).max(512).meta({ description: 'One of the audiences this server issues for.' })

/** A text that is kept. A zero byte is one that PostgreSQL cannot keep. */
export const text = z
  .string()
  .max(512)
  .refine((value) => value.isWellFormed() && !value.includes('\0'), 'must be well-formed Unicode without a zero byte')

export const reason = text.meta({ description: 'Why; for the audit table.' })

export const refreshToken = z.string().min(1).max(1024).meta({ description: 'Opaque; begins with rt1.' })

export const user = z
  .object({
    id: z.string(),
    email: z.string(),
    emailVerified: z.boolean(),
    roles: z.array(z.string()),
    createdAt: z.int().meta({ description: 'Epoch seconds.' }),
  })
  .meta({ id: 'User' })

const seconds = z.int().meta({ description: 'Seconds for which the access token is valid.' })
const granted = z.string().optional().meta({ description: 'The granted scope, when it is less than was asked for.' })

/** What tokens travel in JSON depends on the mode of the session. */
const tokenAnswers = [
  z
    .object({
      accessToken: z.string().meta({ description: 'A JWT in the RFC 9068 profile.' }),
      refreshToken: z.string().optional().meta({
        description: 'In bearer mode. Keep it if it differs from the one you sent; a repeated one may arrive late.',
      }),
      expiresIn: seconds,
      tokenType: z.literal('Bearer'),
      scope: granted,
    })
    .meta({ id: 'TokenAnswer' }),
  z
    .object({ user, expiresIn: seconds, scope: granted })
    .meta({ id: 'TokensInCookiesAnswer', description: 'Of a session whose tokens are both in cookies.' }),
] as const

const sessionAnswers = [
  z.object({ user }).meta({ id: 'SessionAnswer', description: 'Of a server-side session in a cookie.' }),
  z
    .object({
      sessionToken: z.string().meta({ description: 'Opaque; begins with st1.' }),
      expiresIn: z.int().meta({ description: 'Seconds for which it lives without a request.' }),
    })
    .meta({ id: 'SessionTokenAnswer', description: 'Of a server-side session by bearer token.' }),
] as const

export const refreshAnswer = z.union(tokenAnswers)
export const loginAnswer = z.union([...tokenAnswers, ...sessionAnswers])

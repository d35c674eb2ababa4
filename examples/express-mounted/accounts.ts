/** Shows the application's users table to the authorization server. */
import { randomBytes } from 'node:crypto'
import type { AccountProfile, Accounts } from '@countersign/server'
import { checkPassword, type User, type Users } from './users.ts'

/** No password matches it. Checking against it makes an unknown address take as long as a wrong password. */
const nobody = `${randomBytes(16).toString('base64url')}.${randomBytes(32).toString('base64url')}`

/** Creates the adapter. There is no `register` in it: people sign up where they always did. */
export function adaptUsers(users: Users): Accounts {
  return {
    async verifyCredentials(email, password) {
      const user = users.findByEmail(email)
      const isRight = await checkPassword(password, user?.password ?? nobody)
      return user && isRight ? toProfile(user) : undefined
    },
    async findAccount(id) {
      const user = users.findById(id)
      return user && toProfile(user)
    },
  }
}

function toProfile({ id, email, role, createdAt }: User): AccountProfile {
  return { id, email, emailVerified: false, roles: [role], createdAt }
}

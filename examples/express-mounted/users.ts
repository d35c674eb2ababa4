/** The users table that the application had before: its own columns, its own passwords. */
import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'

export interface User {
  id: string
  email: string
  /** Salt and scrypt hash, both in base64url, with a dot between them. */
  password: string
  team: string
  role: 'editor' | 'reader'
  /** Epoch seconds. */
  createdAt: number
}

export interface Users {
  /** Adds a person; `undefined` if the address is taken. */
  add(person: { email: string; password: string; team: string; role: User['role'] }): Promise<User | undefined>
  findById(id: string): User | undefined
  findByEmail(email: string): User | undefined
}

/** Opens the table, and makes it if it is not there. */
export function openUsers(path: string): Users {
  const database = new DatabaseSync(path)
  database.exec(`CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, password TEXT NOT NULL,
    team TEXT NOT NULL, role TEXT NOT NULL, createdAt INTEGER NOT NULL) STRICT`)
  const byId = database.prepare('SELECT * FROM users WHERE id = ?')
  const byEmail = database.prepare('SELECT * FROM users WHERE email = ?')
  const insert = database.prepare(`INSERT INTO users (id, email, password, team, role, createdAt)
    VALUES ($id, $email, $password, $team, $role, $createdAt) ON CONFLICT DO NOTHING`)

  return {
    async add({ email, password, team, role }) {
      const createdAt = Math.floor(Date.now() / 1000)
      const user = { id: randomUUID(), email, password: await hashPassword(password), team, role, createdAt }
      return insert.run(user).changes === 1 ? user : undefined
    },
    findById: (id) => byId.get(id) as User | undefined,
    findByEmail: (email) => byEmail.get(email) as User | undefined,
  }
}

const scryptAsync = promisify<string, Buffer, number, Buffer>(scrypt)

async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `${salt.toString('base64url')}.${(await scryptAsync(password, salt, 32)).toString('base64url')}`
}

/** Checks a password against what the table holds. */
export async function checkPassword(password: string, stored: string): Promise<boolean> {
  const [salt = '', hash = ''] = stored.split('.')
  const expected = Buffer.from(hash, 'base64url')
  return timingSafeEqual(await scryptAsync(password, Buffer.from(salt, 'base64url'), 32), expected)
}

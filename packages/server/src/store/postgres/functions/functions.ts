/**
 * The transitions, as functions of the database: each is one call, one transaction and one round trip, and goes on to its end
 * though the process that called it is stopped or killed.
 *
 * Locks, always in this order, all of them advisory and released at commit, so that a refresh writes nothing but its session:
 *   minting   shared by whatever gives out a token; taken alone by break-glass
 *   user      shared by a refresh of this user; taken alone by logins, which are counted, and by acts on the user
 *   keys      taken alone by whatever changes signing keys or peppers
 *   session   the row, FOR UPDATE; after it, or without it, the row of the feed
 * The clock is read after the locks. So what is dated after an act has seen the act.
 * What is called all the time and cannot be written into its callers is plpgsql, whose plans are kept: SQL is planned at each call.
 */
import { accounts } from './accounts.ts'
import { clients } from './clients.ts'
import { clock } from './clock.ts'
import { entries } from './entries.ts'
import { keys } from './keys.ts'
import { revocations } from './revocations.ts'
import { sessions } from './sessions.ts'

/** Every function, in the order in which they call each other. */
export const functions = [clock, entries, sessions, accounts, clients, revocations, keys].join('\n')

import { z } from 'zod'
import { authenticateAdministrator } from '../http/administrator.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { Parts } from '../parts.ts'

const LIMIT = 100

const record = z
  .object({
    id: z.int(),
    at: z.int().meta({ description: 'Epoch seconds.' }),
    event: z.string(),
    actor: z.string().meta({ description: 'A user, a client, or cli.' }),
    subject: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'AuditRecord' })

/** GET /api/admin/audit: who did what to whom, and why; the newest first, before an id. */
export function adminAudit(parts: Parts): Endpoint {
  return {
    summary: 'Read the audit table',
    description: `The newest ${LIMIT} records, or those before the id that ?before= names.`,
    authorization: 'access-token',
    answers: { 200: { description: 'Records.', body: z.object({ records: z.array(record) }) } },
    refusals: ['insufficient_role', 'insufficient_user_authentication'],
    async handle(c) {
      await authenticateAdministrator(parts, c)
      const before = Number(c.req.query('before'))
      const records = await parts.store.listAudit(
        Number.isSafeInteger(before) && before > 0 ? before : undefined,
        LIMIT,
      )
      return c.json({ records: records.map((one) => ({ ...one, at: Math.floor(one.at / 1000) })) })
    },
  }
}

/** The trace that a request belongs to, as its sender says (W3C Trace Context, Level 1 §3.2). */

/** `version "-" trace-id "-" parent-id "-" trace-flags`, and in a version to come perhaps more. */
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?$/

/**
 * Reads the trace-id of a traceparent header. `undefined` for one that is malformed, has an identifier of zeros, or came twice: it is
 * then as if there were none (§3.2.2.3, §4.3).
 */
export function parseTraceId(traceparent: string | undefined): string | undefined {
  const [, version, traceId, parentId, , more] = form.exec(traceparent ?? '') ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined
  return isZero(traceId) || isZero(parentId) ? undefined : traceId
}

function isZero(identifier = ''): boolean {
  return /^0*$/.test(identifier)
}

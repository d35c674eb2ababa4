import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTraceId } from './trace-context.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const parentId = 'b7ad6b7169203331'

test('reads the trace-id of a traceparent (W3C Trace Context §3.2.2)', () => {
  for (const flags of ['00', '01', 'ff']) assert.equal(parseTraceId(`00-${traceId}-${parentId}-${flags}`), traceId)
})

test('reads the first fields of a version to come, whatever follows (§4.3)', () => {
  assert.equal(parseTraceId(`01-${traceId}-${parentId}-01`), traceId)
  assert.equal(parseTraceId(`cc-${traceId}-${parentId}-01-what-the-future-brings`), traceId)
})

test('takes a traceparent that is malformed for none', () => {
  const bad: Record<string, string | undefined> = {
    'that is not there': undefined,
    'that is empty': '',
    'of version ff': `ff-${traceId}-${parentId}-01`,
    'of version 00 with more behind it': `00-${traceId}-${parentId}-01-more`,
    'with a dash behind it': `00-${traceId}-${parentId}-01-`,
    'of a version to come with more that no dash parts': `01-${traceId}-${parentId}-01more`,
    'with a trace-id of zeros': `00-${'0'.repeat(32)}-${parentId}-01`,
    'with a parent-id of zeros': `00-${traceId}-${'0'.repeat(16)}-01`,
    'in capitals': `00-${traceId.toUpperCase()}-${parentId}-01`,
    'whose trace-id is short': `00-${traceId.slice(1)}-${parentId}-01`,
    'whose trace-id is long': `00-${traceId}0-${parentId}-01`,
    'whose parent-id is short': `00-${traceId}-${parentId.slice(1)}-01`,
    'whose flags are short': `00-${traceId}-${parentId}-1`,
    'without flags': `00-${traceId}-${parentId}`,
    'with other characters': `00-${traceId.replace('a', 'g')}-${parentId}-01`,
    'with a space before it': ` 00-${traceId}-${parentId}-01`,
    'with a line behind it': `00-${traceId}-${parentId}-01\n`,
    'that came twice': `00-${traceId}-${parentId}-01, 00-${traceId}-${parentId}-01`,
    'of a token': 'rt1.x',
  }
  for (const [what, header] of Object.entries(bad)) assert.equal(parseTraceId(header), undefined, what)
})

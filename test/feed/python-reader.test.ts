// The reader in Python holds the same vectors as ours, and stays as short as it says.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { requires } from '../requires.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'examples/flask-feed')

const program = `
import json, sys
from revocations import Replica, RevocationSet, RevocationStateUnknown
found = []
for vector in json.load(open(sys.argv[1])):
    held = RevocationSet(vector["entries"])
    if "now" in vector:
        held.remove_expired(vector["now"])
    found.append(held.find(vector["claims"], vector["kid"]))

clock = [100.0]
replica = Replica(lambda: clock[0])
def state():
    try:
        return replica.find({"sid": "s1"}, None)
    except RevocationStateUnknown:
        return "unknown"
states = [state()]
replica.apply_snapshot({"epoch": "a", "seq": 1, "entries": [["s", "s1", 0, 9e9]]})
states += [state(), replica.apply_heartbeat(2, 50.0), replica.apply_heartbeat(1, 50.0)]
states += [replica.apply_entries(5, "a:6", []), replica.apply_entries(1, "b:2", []), replica.apply_entries(1, "a:2", [["s", "s2", 0, 9e9]])]
replica.apply_snapshot({"epoch": "a", "seq": 1, "entries": [["s", "s1", 0, 9e9]]})
states.append(replica.find({"sid": "s2"}, None))
replica.apply_snapshot({"epoch": "b", "seq": 0, "entries": []})
states.append(replica.find({"sid": "s2"}, None))
clock[0] += 31
try:
    replica.find({"sid": "other"}, None)
except RevocationStateUnknown:
    states.append("unknown")
clock[0] += 100
replica.apply_heartbeat(0, 100.0)
clock[0] += 10
replica.apply_heartbeat(0, 101.0)
states.append(round(replica.lag(), 3))
print(json.dumps([found, states]))
`

test('the reader in Python passes the vectors of ours', { skip: requires('python3-jwt') }, () => {
  const vectors = join(import.meta.dirname, 'vectors.json')
  const python = spawnSync('/usr/bin/python3', ['-B', '-c', program, vectors], { cwd: folder, encoding: 'utf8' })
  assert.equal(python.status, 0, python.stderr)
  const [found, states] = JSON.parse(python.stdout) as [unknown[], unknown[]]
  const expected = (JSON.parse(readFileSync(vectors, 'utf8')) as { found: unknown }[]).map((vector) => vector.found)
  assert.deepEqual(found, expected)
  assert.deepEqual(states, ['unknown', 's', false, true, false, false, true, 's', 's', 'unknown', 9])
})

test('the reader in Python has less than 200 lines', () => {
  assert.ok(readFileSync(join(folder, 'revocations.py'), 'utf8').split('\n').length < 200)
})

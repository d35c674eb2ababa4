import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

const require = createRequire(import.meta.url)

for (const entry of ['', '/express', '/fastify', '/hono', '/koa', '/nest', '/next', '/node', '/fetch', '/testing']) {
  test(`require finds @countersign/resource-server${entry}`, () => {
    const module = require(`@countersign/resource-server${entry}`)
    assert.ok(Object.values(module).some((value) => typeof value === 'function'))
  })
}

/** The portable tests on Node: of the main entry, and of /web over the Web Crypto that Node has. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as main from '../../index.ts'
import * as web from '../../web/web.ts'
import { createFixtures } from './create-fixtures.ts'
import type { Fixtures } from './fixtures.ts'
import { createScene } from './scene.ts'
import type { Subject } from './subject.ts'
import { listCases } from './suite.ts'
import { readTagged, writeTagged } from './tagged-json.ts'

// As a page gets them.
const fixtures = readTagged(writeTagged(createFixtures())) as Fixtures
const cases = listCases(fixtures)

for (const [name, subject] of Object.entries<Subject>({ '@countersign/token': main, '@countersign/token/web': web })) {
  const scene = await createScene(subject, fixtures)
  describe(name, () => {
    for (const { title, run } of cases) test(title, () => run(scene))
  })
}

test('no two portable tests have one title, and the whole corpus is among them', () => {
  const titles = cases.map(({ title }) => title)
  assert.equal(new Set(titles).size, titles.length)
  assert.ok(titles.filter((title) => title.startsWith('hostile: ')).length >= 765)
  assert.ok(titles.filter((title) => title.startsWith('unusual but valid: ')).length >= 100)
})

test('both libraries have the same names', () => {
  assert.deepEqual(Object.keys(web).sort(), Object.keys(main).sort())
})

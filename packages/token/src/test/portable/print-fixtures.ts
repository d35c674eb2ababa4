/** Prints the fixtures of the portable tests and the titles of the tests that Node runs with them, as one JSON text. */
import { createFixtures } from './create-fixtures.ts'
import { listCases } from './suite.ts'
import { writeTagged } from './tagged-json.ts'

const fixtures = createFixtures()
const titles = listCases(fixtures).map(({ title }) => title)
process.stdout.write(JSON.stringify({ fixtures: writeTagged(fixtures), titles }))

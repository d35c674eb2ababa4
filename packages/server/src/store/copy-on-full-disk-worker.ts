// Copies an installation where the SQLite file cannot be written any more, and says how that ended.
import { copyInstallation } from '../administration/copy.ts'

const [from = '', to = ''] = process.argv.slice(2)
const ended = await copyInstallation(from, to).then(
  () => 'copied',
  (error: Error) => `${error.name}: ${error.message}`,
)
process.stdout.write(`${ended}\n`)

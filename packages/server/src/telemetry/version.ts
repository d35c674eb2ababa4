/** The version of this package, as metrics and spans tell it. */
import { createRequire } from 'node:module'

export const version: string = createRequire(import.meta.url)('../../package.json').version

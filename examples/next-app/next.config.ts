import { join } from 'node:path'
import type { NextConfig } from 'next'

const config: NextConfig = {
  // Node loads it, as any other package, instead of the bundler: from source here, see README.md.
  serverExternalPackages: ['@countersign/resource-server'],
  // The packages of the repository are linked from its root.
  turbopack: { root: join(import.meta.dirname, '../..') },
}

export default config

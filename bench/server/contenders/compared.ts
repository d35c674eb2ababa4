import type { Contender } from '../contender.ts'
import { betterAuth } from './better-auth.ts'
import { countersign } from './countersign.ts'
import { expressStack } from './express-stack.ts'
import { fastifyStack } from './fastify-stack.ts'
import { oidcProvider } from './oidc-provider.ts'

/** The servers that are measured side by side, Countersign first. */
export const compared: readonly Contender[] = [countersign, expressStack, fastifyStack, betterAuth, oidcProvider]

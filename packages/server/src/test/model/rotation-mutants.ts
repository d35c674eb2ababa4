/** Rotation rules with one of them weakened: the source of sessions/rotation.ts with one line changed, compiled and run. */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import type { MoveFunction } from './rotation-model.ts'

/** A rule that is weakened. */
export interface Mutation {
  readonly title: string
  readonly from: string
  readonly to: string
}

export const mutations: readonly Mutation[] = [
  {
    title: 'the current token rotates at every use',
    from: "return fresh || young ? serve('held', true) : rotate(state, now)",
    to: 'return rotate(state, now)',
  },
  {
    title: 'the current token is held only while fresh',
    from: "return fresh || young ? serve('held', true)",
    to: "return fresh ? serve('held', true)",
  },
  {
    title: 'a refresh token is handed out after the hold',
    from: 'if (!young) return { outcome, state: { ...state, confirmed }, successor: false }',
    to: 'if (!young) return { outcome, state: { ...state, confirmed }, successor: true }',
  },
  {
    title: 'the hold has no end',
    from: 'if (!young) return { outcome, state: { ...state, confirmed }, successor: false }',
    to: '',
  },
  {
    title: 'a late parent is theft (the classical rule)',
    from: 'return reissue(state, now)',
    to: "return { outcome: 'reused' }",
  },
  {
    title: 'a late parent gets the same token again',
    from: 'return reissue(state, now)',
    to: "return { outcome: 'repeated', state: { ...state, lastServedAt: now }, successor: true }",
  },
  {
    title: 'a confirmed generation is re-issued without limit',
    from: "if (state.confirmed && state.back >= backLimit) return { outcome: 'reused' }",
    to: '',
  },
  {
    title: 'a parent is theft at once',
    from: "if (fresh) return serve('repeated', state.confirmed)",
    to: "if (fresh) return { outcome: 'reused' }",
  },
  {
    title: 'a dead attempt goes on after the leeway',
    from: "return fresh ? serve('healed', true) : { outcome: 'reused' }",
    to: "return serve('healed', true)",
  },
  {
    title: 'a dead attempt of the parent gets a new attempt',
    from: "if (att < state.prevAtt) return { outcome: 'reused' }",
    to: '',
  },
  {
    title: 'a token two generations old is refused without theft',
    from: "return gen < state.gen ? { outcome: 'reused' } : { outcome: 'ahead' }",
    to: "return { outcome: 'ahead' }",
  },
  {
    title: 'a use does not confirm its generation',
    from: 'state: { ...state, confirmed, lastServedAt: now }',
    to: 'state: { ...state, lastServedAt: now }',
  },
  {
    title: 'a re-issue leaves the older attempt alive',
    from: 'att: state.att + 1,',
    to: 'att: state.att,',
  },
]

const source = readFileSync(new URL('../../sessions/rotation.ts', import.meta.url), 'utf8')

/** Compiles the machine with one rule weakened. @throws Error if the rule is not in the source any more */
export async function mutate({ title, from, to }: Mutation): Promise<MoveFunction> {
  if (source.split(from).length !== 2) throw new Error(`the rule of "${title}" is not in rotation.ts once: ${from}`)
  const javascript = stripTypeScriptTypes(source.replace(from, to))
  const { move } = await import(`data:text/javascript,${encodeURIComponent(javascript)}`)
  return move
}

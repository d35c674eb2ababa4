// Says in words what became of sessions in races, replays and thefts.
import type { Table } from '../../report.ts'
import { median } from '../../statistics.ts'
import { holdTime, leeway } from '../contenders/countersign.ts'
import { labelOf } from '../labels.ts'
import { atOnce } from './attempt.ts'
import type { RaceResult } from './measure.ts'
import type { LastOnes } from './replay.ts'
import type { TheftTrial } from './theft.ts'

type Results = Record<string, RaceResult>

const setting = `Countersign runs with its shortest leeway, ${leeway / 1000} s, and so a hold of ${holdTime / 1000} s; a rotation was due.`

export function raceTable(results: Results): Table {
  const rows = Object.entries(results).map(([name, { races }]) => [
    labelOf(name),
    spread(races.map(({ answered }) => answered)),
    share(races.map(({ replaced }) => replaced)),
    spread(races.map(({ live }) => live)),
    share(races.map(({ signedIn }) => signedIn)),
  ])
  const columns = [
    `${atOnce} at once`,
    `of ${atOnce}, answered with tokens`,
    'races in which the token was replaced',
    'live refresh tokens left',
    'races after which the user is signed in',
  ]
  const notes = [
    `${atOnce} refreshes with one refresh token, over as many connections. ${setting}`,
    'Live are the different refresh tokens of the answers that still work, each tried once; signed in is who keeps the one that arrived last.',
    "better-auth's token is the session's cookie, which no refresh replaces.",
  ]
  return { title: `${atOnce} refreshes at once with one token`, columns, rows, notes }
}

export function copyTable(results: Results): Table {
  const rows = Object.entries(results).map(([name, { lost, copied }]) => [
    labelOf(name),
    inWords(lost.map(({ answered }) => (answered ? 'taken again' : 'refused'))),
    inWords(lost.map(({ goesOn }) => (goesOn ? 'goes on' : 'must sign in again'))),
    inWords(copied.map(describe)),
  ])
  const columns = [
    'replay',
    'the old token is',
    'its owner, who lost the answers,',
    'or a thief has it, and the owner the answers',
  ]
  const notes = [
    `The token of such a race, once more at least ${leeway / 1000} s later. Nobody can tell an owner whose answers were lost from a thief by that request alone.`,
    `In the last column the owner refreshes ${(holdTime + 500) / 1000} s after the thief, then the thief again if that is possible.`,
    'Where the race had ended the session, both are refused for that reason.',
  ]
  return { title: 'The old token once more, after the leeway', columns, rows, notes }
}

export function theftTable(results: Results): Table {
  const rows = Object.entries(results).map(([name, result]) => [
    labelOf(name),
    inWords(result.thefts.owner.map(describeTheft)),
    inWords(result.thefts.thief.map(describeTheft)),
    verdict(result),
  ])
  const columns = ['theft', 'the owner refreshes first', 'the thief refreshes first', 'all of it']
  const notes = [
    `A refresh token is copied, and owner and thief refresh in turn, ${(holdTime + 500) / 1000} s apart, each with what they got last, until one is refused; then the other one tries.`,
    'Noticed means that the session is over for both. A turn is one refresh of each.',
    'All of it: signed in after the race, with no more than one live token; signed in after lost answers; the theft noticed whoever comes first.',
  ]
  return { title: 'A copied refresh token, used in turn', columns, rows, notes }
}

function describe({ owner, thief }: LastOnes): string {
  if (owner && thief) return 'both go on'
  if (owner) return 'the owner goes on, the thief is shut out'
  return thief ? 'the thief goes on, the owner is signed out' : 'the session is over for both'
}

function describeTheft({ refreshes, goOn }: TheftTrial): string {
  if (goOn.owner && goOn.thief) return `not noticed in ${refreshes} refreshes: both go on`
  const noticed = goOn.owner || goOn.thief ? 'not noticed' : `noticed in turn ${Math.ceil(refreshes / 2)}`
  return `${noticed}, at refresh ${refreshes}: ${describe(goOn)}`
}

function verdict({ races, lost, thefts }: RaceResult): string {
  const signedOut = races.filter(({ signedIn }) => !signedIn)
  const over = ({ goOn }: TheftTrial) => !goOn.owner && !goOn.thief
  const missing = [
    ...(signedOut.length === 0 ? [] : [`signed out by ${signedOut.length} of ${races.length} races`]),
    ...(races.every(({ live }) => live <= 1) ? [] : ['several live tokens']),
    ...(lost.every(({ goesOn }) => goesOn) ? [] : ['signed out by lost answers']),
    ...([...thefts.owner, ...thefts.thief].every(over) ? [] : ['theft not noticed']),
  ]
  return missing.length === 0 ? 'yes' : `no: ${missing.join(', ')}`
}

function share(truths: boolean[]): string {
  return `${truths.filter(Boolean).length} of ${truths.length}`
}

function spread(values: number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return least === most ? String(least) : `${least} to ${most}, median ${median(values)}`
}

/** Says each of the words once, and how often it is true where there are several. */
function inWords(words: string[]): string {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  if (counts.size === 1) return words[0] ?? ''
  return [...counts].map(([word, count]) => `${count} of ${words.length}: ${word}`).join('; ')
}

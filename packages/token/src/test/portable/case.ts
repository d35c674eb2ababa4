/**
 * Owns what a portable test is: a sentence, and a function that throws if it is not true of the library it is given. There
 * is no node:test in a browser, so whoever runs the cases reports them in his own way.
 */
import type { Scene } from './scene.ts'

/** One test. */
export interface Case {
  readonly title: string
  readonly run: (scene: Scene) => Promise<void> | void
}

/** Makes cases of one subject, each under its title. */
export function cases(subject: string, runs: Readonly<Record<string, Case['run']>>): readonly Case[] {
  return Object.entries(runs).map(([title, run]) => ({ title: `${subject}: ${title}`, run }))
}

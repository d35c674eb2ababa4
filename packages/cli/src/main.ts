#!/usr/bin/env node
/**
 * Runs the command `countersign`. `dev` and `start` are the start file of the server, in this process and with next to nothing loaded
 * before it; everything else is command-line.ts. It is the only file of this package that reads the environment.
 */
const [command, ...others] = process.argv.slice(2)

if ((command === 'dev' || command === 'start') && others.length === 0) {
  const { boundNewSpace } = await import('./bound-new-space.ts')
  boundNewSpace(process.env.NODE_OPTIONS)
  await import('@countersign/server/main')
} else {
  const { runCommandLine } = await import('./command-line.ts')
  // A reader that has seen enough, such as head, is no failure.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    env: process.env,
    stdin: process.stdin,
    print: (text) => void process.stdout.write(text),
    say: (text) => void process.stderr.write(text),
  })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'

export interface CommandResult {
  code: number
  output: string
}

const running = new Set<ChildProcess>()

/** Runs a command without input and returns its exit code and what it printed, on either stream. */
export function runCommand(command: string, args: string[], options: { cwd: string }): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    running.add(child)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGTERM'], output })
    })
  })
}

/** Calls `stop` once when this process is told to end, or when the launcher that started it is gone. */
export function onStop(stop: (signal: NodeJS.Signals) => void | Promise<void>): void {
  let stopping = false
  const once = (signal: NodeJS.Signals) => {
    if (!stopping) void stop(signal)
    stopping = true
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, once)
  process.on('disconnect', () => once('SIGTERM'))
  // Listening to the channel must not keep a script alive that has nothing left to do.
  process.channel?.unref()
}

/** Ends this process, and the commands it runs, when it is told to. */
export function stopWithCommands(): void {
  onStop((signal) => {
    for (const child of running) child.kill('SIGTERM')
    process.exit(128 + constants.signals[signal])
  })
}

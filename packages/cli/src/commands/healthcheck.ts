import type { Command } from 'commander'
import { misuse, refuse } from '../outcome.ts'
import { printResult, type Terminal } from '../terminal.ts'

/** How long the server may take, milliseconds. */
const patience = 5000

/** healthcheck: whether the running server can serve; 0 or 1, as HEALTHCHECK of a container wants it. */
export function addHealthcheck(program: Command, terminal: Terminal): void {
  program
    .command('healthcheck')
    .description('ask the running server whether it can serve; exit 0 or 1')
    .addHelpText(
      'before',
      'Examples:\n  countersign healthcheck\n  countersign healthcheck --url https://auth.example.com\n',
    )
    .option('--url <url>', 'where the server is (default: by PORT, HOST and the path of COUNTERSIGN_ISSUER)')
    .option('--json', 'print {"ready": true, "url": …}')
    .action(async ({ url, json }: { url?: string; json?: boolean }) => {
      const address = readyAddress(url ?? defaultUrl(terminal.env))
      const problem = await askServer(address)
      if (problem !== undefined) refuse(`${address} ${problem}.`)
      printResult(terminal, json, { ready: true, url: address }, 'ready')
    })
}

async function askServer(address: string): Promise<string | undefined> {
  try {
    const answer = await fetch(address, { redirect: 'manual', signal: AbortSignal.timeout(patience) })
    return answer.status === 200 ? undefined : `answers ${answer.status}${await readReason(answer)}`
  } catch (error) {
    const { cause, message } = error as Error
    return `does not answer: ${cause instanceof Error && cause.message !== '' ? cause.message : message}`
  }
}

/** What is missing, as a server of ours says it; whatever else answers there says nothing. */
async function readReason(answer: Response): Promise<string> {
  const { checks } = ((await answer.json().catch(() => undefined)) ?? {}) as {
    checks?: Readonly<Record<string, unknown>>
  }
  const missing = Object.entries(checks ?? {}).filter(([part, state]) => state !== 'ok' && !part.startsWith('redis'))
  const words = missing.map(([part, state]) => `${part} ${state}`).filter((one) => /^[a-z_]+ [a-z_]+$/.test(one))
  return words.length === 0 ? '' : `: ${words.join(', ')}`
}

function readyAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : misuse('--url: give a URL such as https://auth.example.com')
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    misuse('--url: give an http or https URL without a user name')
  return `${url.origin}${url.pathname.replace(/\/$/, '')}/readyz`
}

/** Asks where the server listens, under the path that its issuer has. */
function defaultUrl({ PORT, HOST, COUNTERSIGN_ISSUER: issuer = '' }: Terminal['env']): string {
  const isAny = !HOST || HOST === '0.0.0.0' || HOST === '::'
  const host = isAny ? '127.0.0.1' : HOST.includes(':') ? `[${HOST}]` : HOST
  return `http://${host}:${PORT || 4000}${URL.canParse(issuer) ? new URL(issuer).pathname : ''}`
}

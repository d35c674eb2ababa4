import { type DescribedSetting, describeConfiguration } from '@countersign/server/administration'
import type { Command } from 'commander'
import { formatTable, printResult, showable, type Terminal } from '../terminal.ts'

interface PrintOptions {
  readonly dev?: boolean
  readonly json?: boolean
}

/** config: the settings as the server would use them. */
export function addConfig(program: Command, terminal: Terminal): void {
  program
    .command('config')
    .description('show the settings')
    .command('print')
    .description('print each setting as the server would use it and where it comes from; a secret only as (set)')
    .addHelpText('before', 'Examples:\n  countersign config print\n  countersign config print --dev --json\n')
    .option('--dev', 'as dev would have it (default: as start would)')
    .option('--json', 'print {"mode": …, "settings": [{"name": …}], "warnings": […], "problems": […]}')
    .action((options: PrintOptions) => print(terminal, options))
}

async function print(terminal: Terminal, { dev, json }: PrintOptions): Promise<void> {
  const mode = dev ? 'dev' : 'start'
  const { settings, warnings, refusal } = await describeConfiguration(terminal.env, mode)
  const rows = settings.map((setting) => [setting.name, describeValue(setting), describeOrigin(setting)])
  const members = settings.map(({ name, value = null, isSet, from, at = null }) => ({
    name,
    value,
    set: isSet,
    from,
    at,
  }))
  printResult(
    terminal,
    json,
    { mode, settings: members, warnings, problems: refusal?.problems ?? [] },
    formatTable([['setting', 'value', 'from'], ...rows]),
  )
  if (!json) for (const warning of warnings) terminal.say(`${showable(warning)}\n`)
  if (refusal !== undefined) throw refusal
}

function describeValue({ value, isSet }: DescribedSetting): string {
  return value ?? (isSet ? '(set)' : '(not set)')
}

function describeOrigin({ from, at, isSet }: DescribedSetting): string {
  if (!isSet) return '-'
  return at === undefined ? from : `${from} ${at}`
}

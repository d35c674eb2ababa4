/** The ports of the environment. */

/** Reads a port; a text that is none is a problem under the name of its setting. */
export function readPort(name: string, text: string, problems: string[]): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) problems.push(`${name} must be a number from 0 to 65535`)
  return port
}

/** Reads where metrics are shown: on the port that the world reaches, the world would read them. */
export function readMetricsPort(text: string | undefined, port: number, problems: string[]): number | undefined {
  if (text === undefined) return undefined
  const metricsPort = readPort('COUNTERSIGN_METRICS_PORT', text, problems)
  if (metricsPort !== 0 && metricsPort === port)
    problems.push('COUNTERSIGN_METRICS_PORT must be another port than PORT, which everyone may reach')
  return metricsPort
}

/**
 * Bounds the room in which V8 makes new objects. By default it grows to 100 MB in a server on PostgreSQL, where 16 MB of objects live, and is not given back
 * under load. Node takes the bound before there is a heap, so that the process starts itself anew, in its place: with the same id, streams and parent.
 */
const bound = '--max-semi-space-size=4'

/** What says the bound already, or what has begun in this process or asks it about itself and cannot be begun twice. */
const reasonsToGoOn =
  /(^|\s)(-r\b|--(max[-_]semi[-_]space[-_]size|import|require|(experimental-)?loader|inspect|permission))/

/** Starts the process anew with the bound, where nothing speaks against it; else returns. */
export function boundNewSpace(nodeOptions: string | undefined): void {
  const { execve, execPath, execArgv, argv, channel } = process
  if (execve === undefined || process.platform === 'win32') return
  // A channel to the parent would not be there afterwards; who has one gives options.
  if (channel !== undefined || reasonsToGoOn.test([...execArgv, nodeOptions].join(' '))) return
  execve(execPath, [execPath, ...execArgv, bound, ...argv.slice(1)])
}

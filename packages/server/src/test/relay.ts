/** A way to a server that can be cut: connections stay open, and nothing comes through, as when a network loses every packet. */
import { connect, createServer, type Socket } from 'node:net'

export interface Relay {
  readonly port: number
  cut(): void
  heal(): void
  close(): void
}

/** Passes on what comes to a port of its own. */
export async function startRelay(to: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isCut = false

  const server = createServer({ allowHalfOpen: true }, (from) => {
    const onward = connect({ port: to, host: '127.0.0.1', allowHalfOpen: true })
    for (const [socket, other] of [
      [from, onward],
      [onward, from],
    ] as const) {
      sockets.add(socket)
      socket.on('data', (chunk) => {
        if (!isCut) other.write(chunk)
      })
      socket.on('error', () => other.destroy())
      socket.on('end', () => {
        if (!isCut) other.end()
      })
      socket.on('close', () => {
        sockets.delete(socket)
        // What a cut has swallowed is missing: such a connection is of no more use.
        other.destroy()
      })
      if (isCut) socket.pause()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut() {
      isCut = true
      for (const socket of sockets) socket.pause()
    },
    heal() {
      isCut = false
      for (const socket of sockets) socket.resume()
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

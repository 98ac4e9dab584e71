/** Listens on loopback, and nowhere else: on 127.0.0.1 and ::1 both, since `localhost` may lead to either. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { WrkError } from '../core/errors.ts'
import { shortHash } from '../core/hash.ts'

export interface Listening {
  port: number
  close: () => void
}

const ADDRESSES = ['127.0.0.1', '::1'] as const
/** Below the ports that systems give out by themselves. */
const FIRST_PORT = 7100
const PORTS = 900
const TRIES = 50
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
} as const
const MOST_CONNECTIONS = 256

/**
 * @param wanted this port and no other
 * @param name what decides which port is tried first: the queue's path, so that its board is always at the same place
 * @throws WrkError IO when the port that is wanted is taken, or no port is free
 */
export async function listen(
  answer: RequestListener,
  wanted: number | undefined,
  name: string,
): Promise<Listening> {
  const start = Number.parseInt(shortHash(name), 16) % PORTS
  for (let i = 0; i < (wanted === undefined ? TRIES : 1); i++) {
    const port = wanted ?? FIRST_PORT + ((start + i) % PORTS)
    const listening = await listenOn(answer, port)
    if (listening) return listening
  }
  throw new WrkError(
    'IO',
    wanted === undefined
      ? `${TRIES} ports from ${FIRST_PORT + start} on are taken`
      : `port ${wanted} is taken`,
    {
      hint:
        wanted === undefined
          ? 'Name a free one: wrk board --port N'
          : 'Leave out --port to use a free one: wrk board',
    },
  )
}

/** Null when another program has the port at one of the addresses: it would get what is meant for us. */
async function listenOn(answer: RequestListener, port: number): Promise<Listening | null> {
  const servers: Server[] = []
  const close = () => {
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  }
  for (const host of ADDRESSES) {
    const server = createServer(LIMITS, answer)
    server.maxConnections = MOST_CONNECTIONS
    const failure = await new Promise<NodeJS.ErrnoException | null>(settle => {
      server.once('error', settle)
      server.listen({ host, port, ipv6Only: true }, () => settle(null))
    })
    if (!failure) servers.push(server)
    // A machine without IPv6 has no such address for anybody.
    else if (
      host === '127.0.0.1' ||
      !['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(failure.code ?? '')
    ) {
      close()
      if (failure.code === 'EADDRINUSE') return null
      throw new WrkError('IO', `could not listen on ${host}:${port}: ${failure.code ?? failure.message}`, {
        hint: 'Name another port: wrk board --port N',
        cause: failure,
      })
    }
  }
  return { port, close }
}

/** A proxy that cuts, delays or drops what passes between a client and a server of git over http, on loopback. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type Fault =
  /** The server's answer ends after so many bytes, and the connection with it. */
  | { kind: 'cutAnswer'; after: number }
  /** The request ends after so many bytes: the server never sees the rest. */
  | { kind: 'cutRequest'; after: number }
  /** The answer comes so much later. */
  | { kind: 'delay'; ms: number }

export interface Proxy {
  url: string
  /** Of the pushes that follow, which one meets what; null for none. */
  plan(fault: (push: number) => Fault | null): void
  /** How many pushes have passed, and how many met a fault. */
  readonly pushes: number
  readonly faults: number
}

/** @param port the server's, on loopback */
export async function faultyProxy(port: number): Promise<Proxy> {
  let plan: (push: number) => Fault | null = () => null
  let pushes = 0
  let faults = 0
  const server: Server = createServer(client => {
    const upstream = connect(port, '127.0.0.1')
    const state = { fault: null as Fault | null, up: 0, down: 0, isPush: false }
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    client.on('error', end)
    upstream.on('error', end)
    client.on('data', (chunk: Buffer) => {
      // A request of its own begins: one that pushes is recognised by its first line.
      if (/^POST [^ ]*git-receive-pack HTTP/.test(chunk.subarray(0, 300).toString('latin1'))) {
        state.isPush = true
        state.fault = plan(pushes++)
        state.up = 0
        state.down = 0
        if (state.fault) faults++
      } else if (/^(GET|POST) /.test(chunk.subarray(0, 5).toString('latin1'))) state.fault = null
      const { fault } = state
      if (fault?.kind === 'cutRequest') {
        const left = fault.after - state.up
        state.up += chunk.length
        upstream.write(chunk.subarray(0, Math.max(0, left)))
        if (chunk.length >= left) end()
        return
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk: Buffer) => {
      const { fault } = state
      if (fault?.kind === 'cutAnswer') {
        const left = fault.after - state.down
        state.down += chunk.length
        client.write(chunk.subarray(0, Math.max(0, left)), () => {
          if (chunk.length >= left) end()
        })
        return
      }
      if (fault?.kind === 'delay') setTimeout(() => client.write(chunk), fault.ms).unref()
      else client.write(chunk)
    })
    closeWith(client, upstream, state)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    plan: next => {
      plan = next
    },
    get pushes() {
      return pushes
    },
    get faults() {
      return faults
    },
  }
}

function closeWith(client: Socket, upstream: Socket, state: { fault: Fault | null }): void {
  client.on('close', () => upstream.destroy())
  upstream.on('close', () => {
    if (state.fault?.kind === 'delay') setTimeout(() => client.end(), state.fault.ms + 50).unref()
    else client.end()
  })
}

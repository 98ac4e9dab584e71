/** Servers for tests of claims across clones: all of them on loopback, each stopped when the test file ends. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { until } from '../clock.ts'
import { tempFolder } from '../processes.ts'
import type { Env } from '../program.ts'

const stops: (() => Promise<void> | void)[] = []
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

/** git for setting up tests, by its arguments. */
export function git(cwd: string, ...args: string[]): string {
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1', ...WHO }
  return execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
const WHO = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.org',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.org',
}

/** A bare repository that keeps every change of every ref, and accepts pushes over http. */
export function bareRepository(name = 'remote.git'): string {
  const folder = join(tempFolder(), name)
  mkdirSync(folder)
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', '.')
  git(folder, 'config', 'core.logAllRefUpdates', 'always')
  git(folder, 'config', 'http.receivepack', 'true')
  return folder
}

/** git's own server program behind a small http server. @returns the URL of the folder with repositories */
export async function httpServer(root: string): Promise<string> {
  const server = createServer((request, response) => cgi(root, request, response))
  return `http://127.0.0.1:${await listening(server)}`
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function cgi(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const header = (name: string) => String(request.headers[name] ?? '')
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: header('content-type'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
      ...(request.headers['content-length'] ? { CONTENT_LENGTH: header('content-length') } : {}),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  })
  // Of a request that was cut short git's program waits for the rest for ever, at full speed.
  request.on('close', () => {
    if (!request.complete) killGroup(child)
  })
  stops.push(() => killGroup(child))
  child.stdin.on('error', () => undefined)
  request.pipe(child.stdin)
  let head: Buffer | null = Buffer.alloc(0)
  child.stdout.on('data', (chunk: Buffer) => {
    if (head === null) {
      response.write(chunk)
      return
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    for (const line of head.subarray(0, end).toString().split('\r\n')) {
      const [name, value] = line.split(/: ?/, 2) as [string, string]
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10)
      else response.setHeader(name, value)
    }
    response.write(head.subarray(end + 4))
    head = null
  })
  child.on('close', () => response.end())
}

/** The program and what it started. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Below the ports that the system gives to clients, of which one could be given away again before it is used. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    const server = createTcpServer()
    const isFree = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise(resolve => server.close(resolve))
    return port
  }
}

const onPath = (program: string, ...more: string[]): string | null =>
  [...(process.env.PATH ?? '').split(':'), ...more].map(dir => join(dir, program)).find(existsSync) ?? null

const SSHD = onPath('sshd', '/usr/sbin', '/usr/local/sbin')
/** sshd needs a folder that only root can make, unless it runs as an ordinary user. */
export const HAS_SSH = SSHD !== null && onPath('ssh') !== null && onPath('ssh-keygen') !== null

/** @returns the address in front of a path, the environment that git needs for it, and the words that run a command there */
export async function sshServer(): Promise<{ prefix: string; env: Env; words: readonly string[] }> {
  const folder = tempFolder()
  const port = await freePort()
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)])
  execFileSync('cp', [join(folder, 'user.pub'), join(folder, 'authorized')])
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const settings = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/authorized`,
    `PidFile ${folder}/pid`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'MaxStartups 100',
    'AllowTcpForwarding no',
  ]
  writeFileSync(join(folder, 'config'), `${settings.join('\n')}\n`)
  chmodSync(join(folder, 'host'), 0o600)
  const child = spawn(SSHD!, ['-D', '-e', '-f', join(folder, 'config')], { stdio: 'ignore' })
  stops.push(() => stopped(child))
  const options = `-F none -i ${folder}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`
  const env = { GIT_SSH_COMMAND: `ssh ${options}` }
  const { username } = userInfo()
  const words = ['ssh', ...options.split(' '), '-p', String(port), `${username}@127.0.0.1`]
  await until('sshd answers', () => {
    try {
      execFileSync(words[0]!, [...words.slice(1), 'true'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
  return { prefix: `ssh://${username}@127.0.0.1:${port}`, env, words }
}

/** Where PostgreSQL's programs are; Debian keeps them out of the PATH. */
export const POSTGRES_BIN = postgresBin()
function postgresBin(): string | null {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort().reverse() : []
  const found = versions
    .map(version => join(debian, version, 'bin'))
    .find(dir => existsSync(join(dir, 'initdb')))
  const other = onPath('initdb')
  return found ?? (other && join(other, '..'))
}

/** A cluster of its own in a temp folder, on a port of loopback. @returns its URL */
export async function postgresServer(): Promise<{ url: string; port: number; restart: () => Promise<void> }> {
  const folder = tempFolder()
  const port = await freePort()
  // PostgreSQL refuses to run as root: then it is another account, without any rights.
  const as = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (as.uid) chownSync(folder, as.uid, as.gid)
  const data = join(folder, 'data')
  const options = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' }, ...as }
  execFileSync(
    join(POSTGRES_BIN!, 'initdb'),
    ['-D', data, '-U', 'wrk', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
    { ...options, stdio: 'ignore' },
  )
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=off',
    'max_connections=100',
  ]
  let child: ChildProcess | null = null
  const start = async (): Promise<void> => {
    const args = ['-D', data, ...settings.flatMap(setting => ['-c', setting])]
    child = spawn(join(POSTGRES_BIN!, 'postgres'), args, { ...options, stdio: 'ignore' })
    const ready = join(POSTGRES_BIN!, 'pg_isready')
    await until('PostgreSQL answers', () => {
      try {
        execFileSync(ready, ['-h', '127.0.0.1', '-p', String(port), '-U', 'wrk'], { stdio: 'ignore' })
        return true
      } catch {
        return false
      }
    })
  }
  await start()
  stops.push(() => stopped(child!, 'SIGQUIT'))
  const restart = async (): Promise<void> => {
    await stopped(child!, 'SIGQUIT')
    await start()
  }
  return { url: `postgres://wrk:s3cret@127.0.0.1:${port}/postgres`, port, restart }
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const end = new Promise(resolve => child.once('exit', resolve))
  child.kill(signal)
  await end
}

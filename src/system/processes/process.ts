/**
 * Processes of this machine: who they are, who started them, and whether they are still there.
 * Linux reads /proc; other systems ask `ps`. What is not known is `unknown`, never "gone".
 */
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs'
import { shortHash } from '../../core/hash.ts'
import type { ProcessLook } from '../../core/sessions/liveness.ts'
import type { Place } from '../../core/sessions/place.ts'
import { hostLabel } from '../../core/sessions/session.ts'
import { commandFromPs, factsFromPs, lookFromPs } from './ps.ts'

export interface ProcessFacts {
  pid: number
  ppid: number
  started: string
  state: string
  /** The session leader's pid (setsid); 0 when it runs outside this pid namespace, null when the system does not say. */
  leader: number | null
  hasTerminal: boolean
}

/** The whole of /proc/PID/stat that wrk needs. The name in parentheses may hold anything, `)` included. */
export function parseStat(text: string): ProcessFacts | null {
  const close = text.lastIndexOf(')')
  if (close < 0) return null
  const fields = text.slice(close + 2).split(' ')
  // Field numbers of proc(5) less 3: state 3, ppid 4, session 6, tty_nr 7, starttime 22.
  const started = fields[19]
  const [state, ppid, , leader, tty] = fields
  if (!state || !ppid || !leader || !tty || !started) return null
  return {
    pid: Number.parseInt(text, 10),
    ppid: Number(ppid),
    started,
    state,
    leader: Number(leader),
    hasTerminal: tty !== '0',
  }
}

/** These files are short and have no size to be asked for: one read each, at every start. */
const shortFile = Buffer.allocUnsafe(4096)

function readProc(path: string): string | NodeJS.ErrnoException {
  try {
    const fd = openSync(path, 'r')
    try {
      const length = readSync(fd, shortFile, 0, shortFile.length, null)
      if (length < shortFile.length) return shortFile.toString('latin1', 0, length)
    } finally {
      closeSync(fd)
    }
    return readFileSync(path, 'latin1')
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

let ownProc: boolean | undefined

/** Whether /proc lists this pid namespace: a sandbox with its own may show that of the host, where pids mean others. */
function isOwnProc(): boolean {
  ownProc ??= readLink('/proc/self') === `${process.pid}`
  return ownProc
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) return ''
    throw error
  }
}

/** The facts of a running process; null when it does not run, or nothing is known of it. */
export function processFacts(pid: number): ProcessFacts | null {
  if (process.platform !== 'linux') return factsFromPs(pid)
  if (!isOwnProc()) return null
  const stat = readProc(`/proc/${pid}/stat`)
  return typeof stat === 'string' ? parseStat(stat) : null
}

/** Whether a process is there, and which one it is by its start time. */
export function lookAtProcess(pid: number): ProcessLook {
  if (process.platform !== 'linux') return lookFromPs(pid)
  if (!isOwnProc()) return hiddenOrGone(pid)
  const stat = readProc(`/proc/${pid}/stat`)
  if (typeof stat !== 'string') {
    if (stat.code === 'ENOENT' || stat.code === 'ESRCH') return hiddenOrGone(pid)
    return { kind: 'unknown', why: `process ${pid} cannot be inspected (${stat.code})` }
  }
  const facts = parseStat(stat)
  if (!facts) return { kind: 'unknown', why: `/proc/${pid}/stat cannot be read` }
  if (facts.state === 'Z' || facts.state === 'X') return { kind: 'zombie' }
  return { kind: 'running', started: facts.started }
}

/** /proc may be absent or hide other users' processes (hidepid); a signal 0 distinguishes those from a process that is gone. */
function hiddenOrGone(pid: number): ProcessLook {
  try {
    process.kill(pid, 0)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ESRCH') return { kind: 'gone' }
    if (code === 'EPERM')
      return { kind: 'unknown', why: `process ${pid} belongs to another user and is hidden` }
    return { kind: 'unknown', why: `process ${pid} cannot be inspected (${code})` }
  }
  return { kind: 'unknown', why: `process ${pid} is hidden` }
}

/** The command line of a process, [] when it cannot be had. */
export function commandLine(pid: number): string[] {
  if (process.platform !== 'linux') return commandFromPs(pid)
  if (!isOwnProc()) return []
  const text = readProc(`/proc/${pid}/cmdline`)
  return typeof text === 'string' ? text.split('\0').slice(0, -1) : []
}

let place: Place | undefined

/** This host, boot and pid namespace. */
export function here(): Place {
  if (place) return place
  const boot = process.platform === 'linux' ? readProc('/proc/sys/kernel/random/boot_id') : ''
  const machine = machineId()
  place = {
    host: hostLabel(hostName()),
    boot: typeof boot === 'string' ? boot.trim() : '',
    pidns: pidNamespace(),
    ...(machine ? { machine } : {}),
  }
  return place
}

/** Part of a hash of the machine id, which must not be exposed itself; '' without one (machine-id(5)). */
function machineId(): string {
  const text = process.platform === 'linux' ? readProc('/etc/machine-id') : ''
  const id = typeof text === 'string' ? text.trim() : ''
  return /^(?!0{32})[0-9a-f]{32}$/.test(id) ? shortHash(`wrk ${id}`) : ''
}

/** The same as os.hostname(), for which a module more would be loaded at every start. */
function hostName(): string {
  const name = process.platform === 'linux' ? readProc('/proc/sys/kernel/hostname') : null
  return typeof name === 'string' ? name.trim() : process.getBuiltinModule('node:os').hostname()
}

function pidNamespace(): string {
  return process.platform === 'linux' ? (/\d+/.exec(readLink('/proc/self/ns/pid'))?.[0] ?? '') : ''
}

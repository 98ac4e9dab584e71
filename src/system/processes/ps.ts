/** Process facts where there is no /proc (macOS, BSD): one `ps` call each. Windows has none: everything is unknown. */
import type { ProcessLook } from '../../core/sessions/liveness.ts'
import type { ProcessFacts } from './process.ts'

/**
 * One line of `ps -o pid=,ppid=,state=,tty=,lstart=`; lstart is the only column with blanks and comes last.
 * These systems do not tell the session leader's pid; the caller finds the topmost process of the terminal.
 */
export function parsePsLine(line: string): ProcessFacts | null {
  const parts = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S.*\S)\s*$/.exec(line)
  if (!parts) return null
  const [, pid, ppid, state, tty, started] = parts as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  return {
    pid: Number(pid),
    ppid: Number(ppid),
    started: started.replace(/\s+/g, ' '),
    state: state[0]!,
    leader: null,
    hasTerminal: !/^\?+$/.test(tty) && tty !== '-',
  }
}

export function factsFromPs(pid: number): ProcessFacts | null {
  const line = ps(pid, 'pid=,ppid=,state=,tty=,lstart=')
  return line ? parsePsLine(line) : null
}

export function lookFromPs(pid: number): ProcessLook {
  const line = ps(pid, 'pid=,ppid=,state=,tty=,lstart=')
  if (line === null) return { kind: 'unknown', why: 'this system does not show processes' }
  const facts = parsePsLine(line)
  if (!facts) return line.trim() === '' ? { kind: 'gone' } : { kind: 'unknown', why: 'unknown output of ps' }
  return facts.state === 'Z' ? { kind: 'zombie' } : { kind: 'running', started: facts.started }
}

/** The command line, split at blanks: enough to know an agent by its name. */
export function commandFromPs(pid: number): string[] {
  return ps(pid, 'command=')?.trim().split(/\s+/) ?? []
}

/** What ps prints of a process, '' when it does not run, null when there is no ps. */
function ps(pid: number, columns: string): string | null {
  if (process.platform === 'win32') return null
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const run = spawnSync('ps', ['-o', columns, '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  })
  return run.error ? null : run.stdout
}

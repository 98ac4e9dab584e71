/** In which terminal a process runs, as far as the system shows it (Linux; of processes of the same user). */
import { readFileSync } from 'node:fs'
import { codeOf } from '../../core/errno.ts'

export interface TerminalPlace {
  /** `pts/3`, `tty1` */
  tty: string | null
  /** tmux's own name of the pane, `%5`: `tmux select-pane -t %5` */
  pane: string | null
}

export function terminalOf(pid: number): TerminalPlace {
  const stat = readProcFile(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Of all that the environment holds, only this is looked at.
  const pane = /(?:^|\0)TMUX_PANE=(%\d{1,9})(?:\0|$)/.exec(readProcFile(`/proc/${pid}/environ`))?.[1]
  return { tty: ttyName(Number(fields[4])), pane: pane ?? null }
}

/** The name of a terminal by its device number, as proc(5) has it; null for none, and for kinds that have no usual name. */
export function ttyName(device: number): string | null {
  if (!Number.isInteger(device) || device <= 0) return null
  const major = (device >> 8) & 0xfff
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00)
  if (major >= 136 && major <= 143) return `pts/${minor + (major - 136) * 256}`
  return major === 4 && minor < 64 ? `tty${minor}` : null
}

/** '' when it is not there or belongs to another user. */
function readProcFile(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return ''
  }
}

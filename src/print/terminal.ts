/** Writing to the terminal or pipe. Synchronous: no stream to load at start or to drain at the end. */
import { fstatSync, writeSync } from 'node:fs'
import { styleText } from 'node:util'
import { asIoError, codeOf } from '../core/errno.ts'
import { WrkError } from '../core/errors.ts'

/** Writes all of it. A reader that went away (`wrk list | head`) is no error. @returns whether somebody reads */
export function write(fd: 1 | 2, text: string | Buffer): boolean {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let done = 0; done < bytes.length; )
    try {
      done += writeSync(fd, bytes, done)
    } catch (error) {
      const code = codeOf(error)
      // A terminal that hung up gives EIO; a file system does so for an error that must be reported.
      if (code === 'EPIPE' || (code === 'EIO' && fstatSync(fd).isCharacterDevice())) return false
      if (code !== 'EAGAIN') throw error
      // A pipe that somebody made non-blocking and that is full: give its reader a moment.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  return true
}

/** Writes an answer to stdout. @returns whether somebody reads @throws WrkError IO, as `unwritten` has it */
export function answer(text: string | Buffer): boolean {
  try {
    return write(1, text)
  } catch (error) {
    throw unwritten(error)
  }
}

/** A failure to write to stdout in words of its own: those for files would tell to repeat what may be done. */
export function unwritten(error: unknown): unknown {
  const known = asIoError(error, 'could not write to standard output')
  if (!(known instanceof WrkError)) return known
  return new WrkError(known.code, known.message, { cause: error, details: known.details })
}

export interface Screen {
  /** Columns of the terminal, 80 where it does not tell; without a terminal there is no limit, unless COLUMNS sets one. */
  width: number
  colour: boolean
  isTerminal: boolean
}

/** /dev/null and its like are character devices too; on Linux their major number shows, before `tty` is loaded. */
function mayBeTerminal(fd: 1 | 2): boolean {
  const stat = fstatSync(fd)
  return stat.isCharacterDevice() && !(process.platform === 'linux' && stat.rdev >> 8 === 1)
}

/** What stdout can show. */
export function screen(env: Readonly<Record<string, string | undefined>>): Screen {
  const isTerminal = mayBeTerminal(1) && (process.stdout.isTTY ?? false)
  const columns = Number(env.COLUMNS)
  const named = Number.isInteger(columns) && columns >= 40 ? columns : Number.POSITIVE_INFINITY
  const width = isTerminal ? process.stdout.columns || 80 : named
  return { width, colour: isTerminal && !env.NO_COLOR && env.TERM !== 'dumb', isTerminal }
}

/** Columns of the terminal that messages go to; no limit without one. */
export function messageWidth(): number {
  return mayBeTerminal(2) && process.stderr.isTTY ? process.stderr.columns || 80 : Number.POSITIVE_INFINITY
}

export type Style = 'red' | 'green' | 'yellow' | 'dim' | 'bold'

export function paint({ colour }: Screen, style: Style | null, text: string): string {
  // Whether there are colours has been decided: not by what stdout is at this moment.
  return colour && style ? styleText(style, text, { validateStream: false }) : text
}

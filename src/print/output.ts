/**
 * Where a command writes that runs until it is ended. A reader that went away is a result, and one that does not
 * read keeps nothing from running: signals are heard meanwhile.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { codeOf } from '../core/errno.ts'
import { unwritten } from './terminal.ts'

const RETRY_MS = 20
/** The reader closed the pipe; the terminal hung up. */
const GONE: readonly (string | undefined)[] = ['EPIPE', 'EIO', 'ECONNRESET']

export class Output {
  readonly #fd: number
  #closed = false
  /** Whether a reader may go away unseen: of a pipe, only writing shows. */
  readonly isPipe: boolean

  constructor() {
    const stat = fstatSync(1)
    this.isPipe = stat.isFIFO() || stat.isSocket()
    this.#fd = stat.isFIFO() ? ownEnd() : 1
  }

  /** Writes all of it, however long the reader takes. @returns false when the reader is gone, or on `signal` */
  async write(text: string, signal: AbortSignal): Promise<boolean> {
    const bytes = Buffer.from(text)
    for (let done = 0; done < bytes.length; )
      try {
        if (this.#closed) return false
        done += writeSync(this.#fd, bytes, done)
      } catch (error) {
        const code = codeOf(error)
        if (GONE.includes(code)) return false
        if (code !== 'EAGAIN') throw unwritten(error)
        if (signal.aborted) return false
        await new Promise(settle => setTimeout(settle, RETRY_MS))
      }
    return true
  }

  /** What is still to be written is not. */
  close(): void {
    if (this.#fd !== 1 && !this.#closed) closeSync(this.#fd)
    this.#closed = true
  }
}

/** The pipe opened once more, so that writing does not block and whoever shares fd 1 is not affected. Linux only. */
function ownEnd(): number {
  try {
    return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return 1
  }
}

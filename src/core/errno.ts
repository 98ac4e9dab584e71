/** What a failed system call means, in one place, so that nothing is swallowed by accident. */
import { WrkError } from './errors.ts'

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
    ? error.code
    : undefined
}

/** Whether an error is wrk's own or the system's and can be shown to a person; any other is a bug. */
export function isFailure(error: unknown): error is Error {
  return error instanceof WrkError || codeOf(error) !== undefined
}

/** Runs `act`; gives its result, or `fallback` when it fails with one of these codes. Other errors pass. */
export function unless<T, F>(codes: readonly string[], fallback: F, act: () => T): T | F {
  try {
    return act()
  } catch (error) {
    const code = codeOf(error)
    if (code !== undefined && codes.includes(code)) return fallback
    throw error
  }
}

export const MISSING = ['ENOENT', 'ENOTDIR'] as const

export function isMissing(error: unknown): boolean {
  return (MISSING as readonly (string | undefined)[]).includes(codeOf(error))
}

const EXPLAINED: Record<string, [what: string, hint: string]> = {
  ENOSPC: ['the disk is full', 'Free some space and run the command again; nothing was half-written.'],
  EDQUOT: [
    'the disk quota is used up',
    'Free some space and run the command again; nothing was half-written.',
  ],
  EACCES: ['permission denied', 'Check the permissions of the folder and the file.'],
  EPERM: ['the system does not permit it', 'Check the owner and the attributes of the folder and the file.'],
  EROFS: ['the file system is read-only', 'Mount it writable, or use another queue.'],
  EMFILE: ['too many open files', 'Raise the limit (ulimit -n) or close other programs.'],
  ENFILE: ['too many open files on this machine', 'Close other programs and try again.'],
  EIO: ['the disk reported an error', 'Check the disk; nothing was half-written.'],
  EXDEV: [
    'it is on another file system than .wrk, so it cannot be replaced in one step',
    'Keep the queue and its .wrk folder on one file system.',
  ],
  ENOENT: ['it does not exist', 'If somebody deleted or moved it just now, run the command again.'],
  ENOTDIR: [
    'there is a file where a folder is needed',
    'Name another folder, or move that file out of the way.',
  ],
  ELOOP: ['it is a symbolic link', 'wrk does not follow links; replace it by the file itself.'],
}

/** Turns a failed system call into an IO error (exit 74) that a person understands; other errors pass unchanged. */
export function asIoError(error: unknown, doing: string): unknown {
  const code = codeOf(error)
  if (code === undefined) return error
  if (isWorkingFolderGone(error))
    return new WrkError('NOT_FOUND', 'the working directory was removed', {
      hint: 'Go to another folder (cd), or name the queue by its full path: wrk --queue /PATH …',
      cause: error,
    })
  const [what, hint] = EXPLAINED[code] ?? [`system error ${code}`, undefined]
  // Of a rename, the file that was to be replaced is what a person knows.
  const { path, dest } = error as NodeJS.ErrnoException & { dest?: string }
  const where = dest ?? path
  return new WrkError('IO', `${doing}: ${what}${where ? ` (${where})` : ''}`, {
    hint,
    cause: error,
    details: { errno: code },
  })
}

/** Node asks the system where it is only when somebody wants to know. */
function isWorkingFolderGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' && (error as NodeJS.ErrnoException).syscall === 'uv_cwd'
}

/** What to say of an error that does not end the command. */
export function messageOf(error: unknown): string {
  const known = asIoError(error, 'failed')
  return known instanceof Error ? known.message : String(known)
}

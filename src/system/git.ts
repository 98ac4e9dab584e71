/**
 * git, run as a program: arguments as a list, never through a shell, paths behind `--`. What the caller's
 * environment says of the repository (GIT_DIR, GIT_INDEX_FILE, as hooks have them) is kept.
 */
import { WrkError } from '../core/errors.ts'

export interface GitResult {
  code: number
  stdout: Buffer
  stderr: string
}

/** More than any list of a repository's files. */
const LARGEST_OUTPUT = 256 * 1024 * 1024

/**
 * Runs git in a folder and waits for its end. A git that fails is a result.
 * @param args the subcommand and its arguments
 * @throws WrkError IO when there is no git, or it was killed
 */
export function git(cwd: string, args: readonly string[], input?: string | Buffer): GitResult {
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const run = spawnSync('git', args, {
    cwd,
    input: input ?? '',
    maxBuffer: LARGEST_OUTPUT,
    env: { ...process.env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' },
  })
  if (run.error)
    throw new WrkError('IO', `git could not be run: ${run.error.message}`, {
      hint: 'Install git, or put it on the PATH.',
      cause: run.error,
    })
  if (run.status === null)
    throw new WrkError('IO', `git ${args[0]} was ended by ${run.signal}`, { hint: 'Try again.' })
  return { code: run.status, stdout: run.stdout, stderr: run.stderr.toString('utf8') }
}

/** git push as the user would run it: their hooks, their prompts, their progress on stderr; no deadline. */
import { WrkError } from '../../core/errors.ts'

/** Tells wrk's own pre-push hook that wrk push has done its work already. */
export const PUSHING = 'WRK_PUSHING'

export interface PushEnd {
  code: number | null
  /** What --porcelain says of each ref. */
  stdout: string
  stderr: string
}

/**
 * @param args behind `git push --porcelain`
 * @param more environment
 * @throws WrkError IO when there is no git
 */
export function runPush(
  cwd: string,
  args: readonly string[],
  more: Record<string, string>,
): Promise<PushEnd> {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const env = { ...process.env, ...more, [PUSHING]: '1', LC_ALL: 'C' }
  return new Promise((settle, fail) => {
    const child = spawn('git', ['push', '--porcelain', ...args], {
      cwd,
      env,
      stdio: ['inherit', 'pipe', 'pipe'],
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => {
      err.push(chunk)
      process.stderr.write(chunk)
    })
    child.on('error', error =>
      fail(
        new WrkError('IO', `git could not be run: ${error.message}`, {
          hint: 'Install git, or put it on the PATH.',
          cause: error,
        }),
      ),
    )
    child.on('close', code => {
      settle({
        code,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      })
    })
  })
}

/** Shows a long text page by page in the program that the user chose for that, as git does. */
import { spawnSync } from 'node:child_process'

type Environment = Readonly<Record<string, string | undefined>>

/** `WRK_PAGER`, else `PAGER`, else less; null where an empty value or `cat` turns it off. */
export function pagerOf(env: Environment): string | null {
  const pager = (env.WRK_PAGER ?? env.PAGER ?? 'less').trim()
  return pager === '' || pager === 'cat' ? null : pager
}

/**
 * The user's own variable names a command line, so a shell reads it; the text only goes to its standard input. Without
 * settings of the user's, less gives colours, ends where all fits and leaves the text there.
 * @returns whether it was shown
 */
export function runPager(pager: string, text: string, env: Environment): boolean {
  const { status, error } = spawnSync('/bin/sh', ['-c', pager], {
    input: text,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...env, LESS: env.LESS ?? 'FRX', LV: env.LV ?? '-c' } as NodeJS.ProcessEnv,
  })
  // 126 and 127 are the shell's: there is no such command. EPIPE: it was left before the end.
  if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') return false
  return status !== 126 && status !== 127
}

/** Opens a file in the user's editor, without a shell. */
import { WrkError } from '../../../core/errors.ts'
import { exitCodeOf, runChild } from '../../../system/processes/child.ts'
import type { Context } from '../../context.ts'

/**
 * The editor that the environment names, as a program and its arguments, split at blanks.
 * @throws WrkError USAGE when it names none
 */
export function editorOf({ env }: Context): string[] {
  const words = (env.VISUAL || env.EDITOR || '').split(/\s+/).filter(word => word !== '')
  if (words.length > 0) return words
  throw new WrkError('USAGE', '--edit needs an editor: set VISUAL or EDITOR')
}

/** Waits for the editor's end; gives its exit code. */
export async function edit(
  { env }: Context,
  editor: readonly string[],
  path: string,
  stdout: 'inherit' | 'stderr',
): Promise<number> {
  return exitCodeOf(await runChild([...editor, path], { env, stdout }))
}

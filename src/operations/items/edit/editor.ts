/** Opens a file in the user's editor. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isatty } from 'node:tty'
import { MISSING, unless } from '../../../core/errno.ts'
import { WrkError } from '../../../core/errors.ts'
import { editorCommand } from '../../../core/items/editor-command.ts'
import { type ChildEnd, exitCodeOf, runChild } from '../../../system/processes/child.ts'
import type { Context } from '../../context.ts'

const USUAL = ['vi', 'nano']

/**
 * $VISUAL, else $EDITOR, else vi or nano where there is a terminal.
 * @returns the program and its arguments
 * @throws WrkError USAGE when there is none
 */
export function editorOf({ env }: Context): string[] {
  const named = [env.VISUAL, env.EDITOR]
    .map(text => editorCommand(text ?? ''))
    .find(words => words.length > 0)
  if (named) return named
  if (isatty(0) && env.TERM !== 'dumb')
    for (const name of USUAL) if (isInPath(name, env.PATH ?? '')) return [name]
  throw new WrkError('USAGE', 'no editor: VISUAL and EDITOR are not set', {
    hint: 'Set one: export EDITOR=nano',
  })
}

function isInPath(name: string, path: string): boolean {
  return path.split(delimiter).some(folder =>
    unless([...MISSING, 'EACCES'], false, () => {
      accessSync(join(folder, name), constants.X_OK)
      return folder !== ''
    }),
  )
}

/**
 * Waits for the editor's end.
 * @returns its exit code
 * @throws WrkError USAGE when it cannot be started
 */
export async function edit(
  { env }: Context,
  editor: readonly string[],
  path: string,
  stdout: 'inherit' | 'stderr',
): Promise<number> {
  const end: ChildEnd = await runChild([...editor, path], { env, stdout })
  if (end.kind === 'notStarted')
    throw new WrkError('USAGE', `could not start the editor ${editor[0]}: ${end.message}`, {
      hint: 'Set another: export EDITOR=nano',
    })
  return exitCodeOf(end)
}

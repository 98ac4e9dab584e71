import type { Command } from 'commander'
import { heldItem } from '../../operations/claims/held-items.ts'
import type { Context } from '../../operations/context.ts'
import {
  abandonEdit,
  beginEdit,
  type Editing,
  type EditResult,
  finishEdit,
} from '../../operations/items/edit/edit-item.ts'
import { edit, editorOf } from '../../operations/items/edit/editor.ts'
import { refusedChange } from '../../print/claims/refusal.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { refusedTransition } from '../../print/items/transitions.ts'
import type { Outcome } from '../../print/outcome.ts'
import { asks } from '../../print/question.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.argument('[id]', 'the item: WRK-157, 157 (default: the one that you hold)')
  examples(
    command,
    `wrk edit WRK-157
     EDITOR="code --wait" wrk edit 157`,
  )
  command.addHelpText(
    'after',
    '\nOpens a copy in $VISUAL, else $EDITOR, else vi or nano. What you saved is checked and\nthen written in one step; if it cannot be an item, wrk says why and offers to go back\nto the editor, and keeps your text. A changed status does what wrk set status=… does.\nThe item must be free or yours; other changes that were made meanwhile are merged.\nAn item that cannot be read at all is opened where it is.',
  )
  command.action((idText: string | undefined) =>
    run(async globals => {
      const context = await open(globals)
      const editor = editorOf(context)
      const editing = await beginEdit(context, idText ?? (await heldItem(context, 'edit')))
      if (editing.kind === 'refused') return refusedChange(editing, context.clock())
      return editUntilValid(context, editor, editing, globals.json ?? false)
    }),
  )
}

async function editUntilValid(
  context: Context,
  editor: readonly string[],
  editing: Editing,
  json: boolean,
): Promise<Outcome> {
  for (;;) {
    const code = await edit(context, editor, editing.path, json ? 'stderr' : 'inherit')
    if (code !== 0)
      return failed(editing, `the editor ended with ${code}; nothing was changed`, EXIT.failed, 'FAILED')
    const result = await finishEdit(context, editing)
    if (result.kind !== 'invalid') return outcomeOf(context, editing, result)
    const problems = result.problems.map(({ line, message }) => `line ${line}: ${message}`)
    const again = json ? false : await asks(`${problems.join('\n')}\nEdit it again? [Y/n] `)
    if (!again)
      return failed(editing, `${editing.item.id}: ${problems.join('; ')}`, EXIT.unworkable, 'INVALID_ITEM')
  }
}

function outcomeOf(
  context: Context,
  editing: Editing,
  result: Exclude<EditResult, { kind: 'invalid' }>,
): Outcome {
  if (result.kind === 'refused') return kept(editing, refusedChange(result, context.clock()))
  if (result.kind === 'no') return kept(editing, refusedTransition('set to that status', result))
  const { item, warnings } = result
  if (result.kind === 'conflict') {
    const what = result.keys.length > 0 ? result.keys.join(', ') : 'the same lines'
    return failed(editing, `${item.id} was changed meanwhile, too: ${what}`, EXIT.unworkable, 'INVALID_ITEM')
  }
  const { changed, fields, body } = result
  const what = [...fields, ...(body ? ['text'] : [])].join(', ')
  return {
    exitCode: EXIT.done,
    json: { ok: true, changed, item, changed_fields: fields, body_changed: body },
    text: changed ? `Changed ${item.id}: ${what}\n` : `Nothing changed in ${item.id}.\n`,
    warnings,
  }
}

function failed(editing: Editing, message: string, exitCode: number, code: string): Outcome {
  const { item, warnings } = editing
  return kept(editing, {
    exitCode,
    json: { ok: false, error: { code, message, hint: null }, item },
    refusal: { message },
    warnings,
  })
}

/** What was edited is not lost; where it is, is the next step. */
function kept(editing: Editing, outcome: Outcome): Outcome {
  const { path } = editing
  const { refusal, json } = outcome
  if (!refusal || !abandonEdit(editing)) return outcome
  const hint = `Your text is kept in ${path}`
  const error = json.error as Record<string, unknown>
  return {
    ...outcome,
    json: { ...json, error: { ...error, hint }, kept: path },
    refusal: { ...refusal, hint },
  }
}

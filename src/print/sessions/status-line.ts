/** `wrk status --format`: one line, as its template has it. */
import { WrkError } from '../../core/errors.ts'
import { fillStatusTemplate, parseStatusTemplate, STATUS_WORDS } from '../../core/sessions/status-template.ts'
import { printable } from '../../core/text.ts'
import type { Context } from '../../operations/context.ts'
import { statusValues } from '../../operations/sessions/status-values.ts'
import { EXIT } from '../exit-codes.ts'
import type { Outcome } from '../outcome.ts'

/** @throws WrkError USAGE (a template that cannot be read), and as opening the queue does */
export async function statusLine(template: string, open: () => Promise<Context>): Promise<Outcome> {
  const parsed = parseStatusTemplate(template)
  if (parsed.kind === 'wrong')
    throw new WrkError('USAGE', `--format: ${printable(parsed.why, 80)}`, {
      hint: `Names: ${Object.keys(STATUS_WORDS)
        .map(word => `{${word}}`)
        .join(' ')}`,
    })
  const values = await statusValues(await open(), parsed.words)
  const line = fillStatusTemplate(parsed.parts, values)
  return { exitCode: EXIT.done, json: { ok: true, line, values }, text: `${line}\n` }
}

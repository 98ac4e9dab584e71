import type { Command } from 'commander'
import { printable } from '../../core/text.ts'
import { type ShownItem, show } from '../../operations/items/show.ts'
import { describeHolder } from '../../print/claims/describe.ts'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, open, type RunCommand } from '../command.ts'

export function configure(command: Command, run: RunCommand): void {
  command.argument('<id>', 'the item: WRK-157, 157, workspace-hub#1311')
  examples(
    command,
    `wrk show WRK-157
     wrk show 157 --json`,
  )
  command.action((id: string) =>
    run(async globals => {
      const context = await open(globals)
      const shown = await show(context, id)
      const [first] = shown
      const now = context.clock()
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...first, places: shown.map(({ item }) => item.path) },
        text: shown.map(one => describe(one, now)).join('\n'),
        warnings:
          shown.length > 1
            ? [`${first!.item.id} stands in ${shown.length} places; nothing can be written until one is left`]
            : [],
      }
    }),
  )
}

function describe({ item, fields, lock, holder, problems }: ShownItem, now: Date): string {
  const rows: [string, string][] = [['file', item.path]]
  for (const [key, value] of Object.entries(fields))
    if (key !== 'locked_by' && key !== 'locked_at' && key !== 'id' && key !== 'title')
      rows.push([key, inline(value)])
  // What cannot be read is never called free.
  const unlocked = problems.some(({ blocks }) => blocks) ? 'not known: the file must be mended first' : 'free'
  rows.push(['lock', lock && holder ? describeHolder(holder, now) : unlocked])
  for (const { line, column, message } of problems)
    rows.push(['problem', line > 0 ? `line ${line}, column ${column}: ${message}` : message])
  const width = Math.min(24, Math.max(...rows.map(([key]) => key.length)))
  const heading = `${item.id}${item.title ? `  ${item.title}` : ''}`
  return [heading, ...rows.map(([key, value]) => `  ${printable(key, 60).padEnd(width)}  ${value}`)]
    .map(line => `${printable(line, 2000)}\n`)
    .join('')
}

function inline(value: unknown): string {
  if (value === null || value === '') return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(inline).join(', ')
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
    .trim()
    .replace(/\s*\n\s*/g, ' / ')
}

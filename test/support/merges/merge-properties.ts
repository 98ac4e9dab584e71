/** What must be so of every merge of two histories. */
import { expect } from 'vitest'
import { parse } from 'yaml'
import { mergeItem } from '../../../src/core/merges/merge-item.ts'
import { applyAll, type Form, type Model, type Step, textOf } from './item-histories.ts'
import { expected, needsPerson } from './merge-oracle.ts'

export interface Histories {
  first: Model
  before: Step[]
  ours: Step[]
  theirs: Step[]
  form: Form
  eol: string
}

/** What a file says, read by another reader than wrk's. */
export function fieldsOf(text: string): Record<string, unknown> {
  return parse(/^---\r?\n([\s\S]*?\n)---\r?\n/.exec(text)![1]!)
}

const withoutMarkers = (text: string) =>
  text
    .split(/(?<=\n)/)
    .filter(line => !/^(?:<{7} ours|={7}|>{7} theirs)\r?\n$/.test(line))
    .join('')

/** Merges them, and fails where the outcome is not that of the table. @returns how it ended */
export function checkMerge({ first, before, ours, theirs, form, eol }: Histories): 'merged' | 'conflict' {
  const o = applyAll(first, before)
  const [a, b] = [applyAll(o, ours), applyAll(o, theirs)]
  const [base, own, other] = [o, a, b].map(model => textOf(model, { form, eol })) as [string, string, string]
  const merge = (x: string, y: string, z: string) =>
    mergeItem({ base: Buffer.from(x), ours: Buffer.from(y), theirs: Buffer.from(z) })
  const result = merge(base, own, other)
  if (result.kind !== 'merged' && result.kind !== 'conflict') throw new Error(JSON.stringify(result))
  const text = result.bytes.toString()
  const want = expected(o, a, b)

  expect(merge(base, other, own).kind).toBe(result.kind)
  noLostEdit(o, a, b, text)
  noForeignLine([base, own, other], text, want.related)
  const isAbove = result.kind === 'conflict' && result.keys.length > 0
  expect(isAbove).toBe(needsPerson(want))
  if (isAbove) {
    expect(withoutMarkers(text)).not.toBe(text)
    return 'conflict'
  }
  const fields = fieldsOf(text)
  const nothing = (value: unknown) => (value === '' || value === undefined ? null : value)
  expect({ by: nothing(fields.locked_by), at: nothing(fields.locked_at) }).toEqual(want.lock)
  expect([a.status, b.status]).toContain(fields.status)
  for (const key of ['status', 'completed_at', 'blocked_reason'] as const)
    expect(nothing(fields[key])).toBe((want.state as { value: Model }).value[key])
  expect(fields.priority).toBe((want.priority as { value: string }).value)
  expect(fields.title).toBe((want.title as { value: string }).value)
  expect((fields.related as string[]).toSorted()).toEqual(want.related)
  expect(nothing(fields.updated_at)).toBe(want.updated_at)
  const comment = /^# (.*?)\r?$/m.exec(text.slice(0, text.indexOf('title:')))?.[1] ?? null
  expect(comment).toBe((want.comment as { value: string | null }).value)
  return result.kind
}

/** Every line that a side wrote into the text is there, and no line is there that both sides took out. */
function noLostEdit(o: Model, a: Model, b: Model, text: string): void {
  for (const side of [a, b])
    for (const line of side.body)
      if (line !== '' && !o.body.includes(line)) expect(text, `lost: ${line}`).toContain(line)
  for (const line of o.body)
    if (line !== '' && a.body.includes(line) && b.body.includes(line)) expect(text).toContain(line)
}

/** All lines come from one of the sides, but for those of a list or a lock that is put together. */
function noForeignLine(sides: readonly string[], text: string, related: readonly string[]): void {
  const known = new Set(sides.flatMap(side => side.split('\n')))
  for (const line of withoutMarkers(text).split('\n'))
    if (
      !known.has(line) &&
      !/^(?:related: \[.*\]|locked_(?:by|at): ""|priority: \w+ # of four)\r?$/.test(line)
    )
      expect(related.map(id => `  - ${id}`)).toContain(line.trimEnd())
}

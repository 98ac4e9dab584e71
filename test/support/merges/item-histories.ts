/**
 * Histories of one item on two branches, as pure functions on its text: what verbs, editors and people do to it. The
 * model knows what each side meant, so that a merge can be judged without asking the merge.
 */
import fc from 'fast-check'

export interface Model {
  status: string
  completed_at: string | null
  blocked_reason: string | null
  locked_by: string | null
  locked_at: string | null
  priority: string
  title: string
  related: string[]
  updated_at: string | null
  body: string[]
  comment: string | null
  folder: string
}

const FIRST_MODEL: Model = {
  status: 'pending',
  completed_at: null,
  blocked_reason: null,
  locked_by: null,
  locked_at: null,
  priority: 'medium',
  title: 'What it is about',
  related: ['WRK-2', 'WRK-3', 'workspace-hub#4'],
  updated_at: '2026-01-01T00:00:00Z',
  body: Array.from({ length: 12 }, (_, i) => (i % 2 ? '' : `Paragraph ${i}.`)),
  comment: null,
  folder: 'pending',
}

export const SHORT_MODEL: Model = { ...FIRST_MODEL, title: 'x', related: [], body: [], updated_at: null }

export type Form = 'flow' | 'block'

/** One step of a history; what it does depends on the item as the steps before have left it. */
export type Step =
  | { verb: 'start' | 'claim'; who: string; at: number }
  | { verb: 'release' | 'unblock' | 'reopen' }
  | { verb: 'block'; reason: string }
  | { verb: 'done' | 'archive'; at: number }
  | { verb: 'priority' | 'title'; value: string }
  | { verb: 'add' | 'remove'; id: string; place: number }
  | { verb: 'touch'; at: number }
  | { verb: 'comment'; text: string }
  | { verb: 'result'; text: string }
  | { verb: 'body'; line: number; how: 'change' | 'insert' | 'delete'; text: string }

const at = (hours: number) => new Date(Date.UTC(2026, 1, 1, hours)).toISOString().replace('.000Z', 'Z')
const open = (status: string) => ['pending', 'working', 'blocked'].includes(status)
const FREE = { locked_by: null, locked_at: null }

/** The item after one step; the same where the step does not apply. */
function apply(model: Model, step: Step): Model {
  const { status } = model
  switch (step.verb) {
    case 'claim':
      return open(status) ? { ...model, locked_by: step.who, locked_at: at(step.at) } : model
    case 'start':
      return status === 'pending'
        ? { ...model, status: 'working', folder: 'working', locked_by: step.who, locked_at: at(step.at) }
        : model
    case 'release':
      return { ...model, ...FREE }
    case 'block':
      return open(status)
        ? { ...model, ...FREE, status: 'blocked', folder: 'blocked', blocked_reason: step.reason }
        : model
    case 'unblock':
      return status === 'blocked'
        ? { ...model, ...FREE, status: 'pending', folder: 'pending', blocked_reason: null }
        : model
    case 'done':
      return open(status)
        ? {
            ...model,
            ...FREE,
            status: 'done',
            folder: 'done',
            completed_at: model.completed_at ?? at(step.at),
          }
        : model
    case 'archive':
      return status === 'archived'
        ? model
        : {
            ...model,
            ...FREE,
            status: 'archived',
            folder: 'archive/2026-02',
            completed_at: model.completed_at ?? at(step.at),
          }
    case 'reopen':
      return open(status)
        ? model
        : { ...model, ...FREE, status: 'pending', folder: 'pending', completed_at: null }
    case 'priority':
    case 'title':
      return { ...model, [step.verb]: step.value }
    case 'add': {
      if (model.related.includes(step.id)) return model
      return {
        ...model,
        related: model.related.toSpliced(step.place % (model.related.length + 1), 0, step.id),
      }
    }
    case 'remove':
      return { ...model, related: model.related.filter(id => id !== step.id) }
    case 'touch':
      return { ...model, updated_at: at(step.at) }
    case 'comment':
      return { ...model, comment: step.text }
    case 'result':
      return { ...model, body: [...model.body, ...Array.from({ length: 30 }, (_, i) => `${step.text} ${i}`)] }
    case 'body': {
      const line = step.line % (model.body.length + 1)
      const gone = step.how === 'insert' ? 0 : 1
      const come = step.how === 'delete' ? [] : [step.text]
      return { ...model, body: model.body.toSpliced(line, gone, ...come) }
    }
  }
}

export const applyAll = (model: Model, steps: readonly Step[]): Model => steps.reduce(apply, model)

/** The item's file. Fields that were never set are not there, as in real queues. */
export function textOf(
  model: Model,
  { form = 'flow', eol = '\n' }: { form?: Form; eol?: string } = {},
): string {
  const list =
    model.related.length === 0
      ? 'related: []'
      : form === 'flow'
        ? `related: [${model.related.map(id => (id.includes('#') ? `"${id}"` : id)).join(', ')}]`
        : `related:\n${model.related.map(id => `  - ${id}`).join('\n')}`
  const lines = [
    'id: WRK-1',
    ...(model.comment === null ? [] : [`# ${model.comment}`]),
    `title: ${model.title}`,
    `status: ${model.status}`,
    `priority: ${model.priority} # of four`,
    list,
    ...(model.updated_at === null ? [] : [`updated_at: ${model.updated_at}`]),
    ...(model.completed_at === null ? [] : [`completed_at: ${model.completed_at}`]),
    ...(model.blocked_reason === null ? [] : [`blocked_reason: ${model.blocked_reason}`]),
    `locked_by: "${model.locked_by ?? ''}"`,
    `locked_at: "${model.locked_at ?? ''}"`,
  ]
  return `---\n${lines.join('\n')}\n---\n\n# WRK-1\n\n${model.body.join('\n')}\n`.replaceAll('\n', eol)
}

const hours = fc.integer({ min: 1, max: 600 })
const ID = fc.constantFrom('WRK-2', 'WRK-3', 'WRK-5', 'WRK-6', 'workspace-hub#4', 'workspace-hub#7')

/** Steps of one side; what it writes into the text is its own, so that it can be found again. */
function steps(side: string, { longest = 5 } = {}): fc.Arbitrary<Step[]> {
  const text = fc.integer({ min: 0, max: 999_999 }).map(n => `${side} wrote ${n}.`)
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      verb: fc.constantFrom('start', 'claim'),
      who: fc.constantFrom(`${side}-1`, `${side}-2`),
      at: hours,
    }),
    fc.record({ verb: fc.constantFrom('release', 'unblock', 'reopen') }),
    fc.record({ verb: fc.constant('block'), reason: fc.constantFrom(`${side} waits`, 'no data') }),
    fc.record({ verb: fc.constantFrom('done', 'archive'), at: hours }),
    fc.record({ verb: fc.constantFrom('priority'), value: fc.constantFrom('low', 'medium', 'high') }),
    fc.record({
      verb: fc.constantFrom('title'),
      value: fc.constantFrom(`What ${side} calls it`, 'A new title'),
    }),
    fc.record({ verb: fc.constantFrom('add', 'remove'), id: ID, place: fc.nat(5) }),
    fc.record({ verb: fc.constant('touch'), at: hours }),
    fc.record({ verb: fc.constant('result'), text }),
    fc.record({ verb: fc.constant('comment'), text: fc.constantFrom(`${side} notes`, 'A note') }),
    fc.record({
      verb: fc.constant('body'),
      line: fc.nat(12),
      how: fc.constantFrom('change', 'insert', 'delete'),
      text,
    }),
  ) as fc.Arbitrary<Step>
  return fc.array(step, { minLength: 0, maxLength: longest })
}

/** A common history, and one of each side; of an item that is long, or too short for git to see that it was moved. */
export const histories = fc.record({
  first: fc.constantFrom(FIRST_MODEL, SHORT_MODEL),
  before: steps('base', { longest: 4 }),
  ours: steps('ours'),
  theirs: steps('theirs'),
  form: fc.constantFrom<Form>('flow', 'block'),
  eol: fc.constantFrom('\n', '\n', '\r\n'),
})

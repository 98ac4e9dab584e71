/** What a merge of two histories has to give, derived from the models alone: the table of docs/git.md. */
import type { Model } from './item-histories.ts'

type Outcome<T> = { value: T } | 'conflict'

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
const closed = (status: string) => ['done', 'archived'].includes(status)

function threeWay<T>(o: T, a: T, b: T, both: (a: T, b: T) => Outcome<T>): Outcome<T> {
  if (same(a, b) || same(o, b)) return { value: a }
  return same(o, a) ? { value: b } : both(a, b)
}

interface State {
  status: string
  completed_at: string | null
  blocked_reason: string | null
}

const stateOf = ({ status, completed_at, blocked_reason }: Model): State => ({
  status,
  completed_at,
  blocked_reason,
})

function state(o: State, a: State, b: State): Outcome<State> {
  return threeWay(o, a, b, () => {
    if (a.status === b.status) {
      if (a.blocked_reason !== b.blocked_reason) return 'conflict'
      if (a.completed_at === null || b.completed_at === null)
        return { value: a.completed_at === null ? b : a }
      return { value: a.completed_at < b.completed_at ? a : b }
    }
    if (closed(o.status)) return 'conflict'
    if (closed(a.status) !== closed(b.status)) return { value: closed(a.status) ? a : b }
    if (closed(a.status)) return { value: a.status === 'archived' ? a : b }
    return 'conflict'
  })
}

/** Ids: what one side removed is gone, what one added is there. */
function mergedSet(o: readonly string[], a: readonly string[], b: readonly string[]): string[] {
  const all = [...new Set([...o, ...a, ...b])]
  return all.filter(id => (o.includes(id) ? a.includes(id) && b.includes(id) : true)).sort()
}

export interface Expected {
  state: Outcome<State>
  lock: { by: string | null; at: string | null }
  priority: Outcome<string>
  title: Outcome<string>
  related: string[]
  updated_at: string | null
  comment: Outcome<string | null>
}

export function expected(o: Model, a: Model, b: Model): Expected {
  const plain = <T>(pick: (model: Model) => T) =>
    threeWay(pick(o), pick(a), pick(b), () => 'conflict' as const)
  const lock = ({ locked_by, locked_at }: Model) => ({ by: locked_by, at: locked_at })
  const locked = threeWay(lock(o), lock(a), lock(b), () => ({ value: { by: null, at: null } }))
  const updated = threeWay(o.updated_at, a.updated_at, b.updated_at, (x, y) => ({ value: x! > y! ? x : y }))
  return {
    state: state(stateOf(o), stateOf(a), stateOf(b)),
    lock: (locked as { value: { by: string | null; at: string | null } }).value,
    priority: plain(model => model.priority),
    title: plain(model => model.title),
    related: mergedSet(o.related, a.related, b.related),
    updated_at: (updated as { value: string | null }).value,
    comment: plain(model => model.comment),
  }
}

/** Whether anything above the text is for a person to decide. */
export function needsPerson({ state, priority, title, comment }: Expected): boolean {
  return [state, priority, title, comment].includes('conflict')
}

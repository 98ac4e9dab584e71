/** Lists in columns and groups that a person chose. */
import { WrkError } from '../../core/errors.ts'
import { printable } from '../../core/text.ts'
import type { FieldsOf } from '../../operations/items/queries/item-fields.ts'
import type { ListedItem } from '../../operations/items/queries/list.ts'
import { type Column, table } from '../table.ts'
import { paint, type Screen } from '../terminal.ts'

/** What the list itself knows of each item; any other word is a field of the frontmatter. */
const KNOWN: Record<string, (item: ListedItem) => string> = {
  id: ({ id }) => id,
  title: ({ title }) => title,
  status: ({ status }) => status ?? '',
  priority: ({ priority }) => priority ?? '',
  folder: ({ folder }) => folder,
  path: ({ path }) => path,
  held_by: ({ locked_by }) => locked_by ?? '',
  held_since: ({ locked_at }) => locked_at ?? '',
  liveness: ({ liveness }) => liveness ?? '',
  left_by: ({ left_by }) => left_by ?? '',
}

const WORD = /^[A-Za-z_][\w-]{0,60}$/

/** @throws WrkError USAGE */
export function columnNames(text: string): string[] {
  const names = text.split(',').map(name => name.trim())
  const bad = names.find(name => !WORD.test(name))
  if (bad === undefined) return names
  throw new WrkError('USAGE', `--columns must be names with commas, not "${printable(bad, 40)}"`, {
    hint: `It knows ${Object.keys(KNOWN).join(', ')}, and all fields of items.`,
  })
}

/** The fields that have to be read for columns and groups. */
export function fieldsToRead(names: readonly string[]): string[] {
  return names.filter(name => !Object.hasOwn(KNOWN, name))
}

export function valuesOf(item: ListedItem, name: string, fields: FieldsOf): readonly string[] {
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name]!(item) : undefined
  return known === undefined ? (fields.get(item.path)?.[name] ?? []) : known === '' ? [] : [known]
}

export function columnTable(
  items: readonly ListedItem[],
  names: readonly string[],
  fields: FieldsOf,
  terminal: Screen,
): string {
  const columns = names.map((name): Column => {
    const cells = items.map(item => valuesOf(item, name, fields).join(', ') || '-')
    return { title: name.toUpperCase().replaceAll('_', ' '), cells, isKey: name === 'id', longest: 200 }
  })
  return table(terminal, columns)
}

export interface ListGroup {
  /** Null: items without a value. */
  name: string | null
  items: ListedItem[]
}

const STATUSES = ['working', 'blocked', 'pending', 'done', 'archived']

/** Items by the values of a field; an item with several values is in several groups. Those without come last. */
export function groupsOf(items: readonly ListedItem[], name: string, fields: FieldsOf): ListGroup[] {
  const groups = new Map<string | null, ListedItem[]>()
  for (const item of items) {
    const values = valuesOf(item, name, fields)
    for (const value of values.length > 0 ? new Set(values) : [null]) {
      const known = groups.get(value)
      if (known) known.push(item)
      else groups.set(value, [item])
    }
  }
  const place = (value: string | null) => {
    if (value === null) return STATUSES.length + 1
    const at = name === 'status' ? STATUSES.indexOf(value) : -1
    return at < 0 ? STATUSES.length : at
  }
  return [...groups]
    .map(([value, members]) => ({ name: value, items: members }))
    .sort((a, b) => place(a.name) - place(b.name) || ((a.name ?? '') < (b.name ?? '') ? -1 : 1))
}

/** @param tableOf the table of one group */
export function groupedTables(
  groups: readonly ListGroup[],
  key: string,
  terminal: Screen,
  tableOf: (items: readonly ListedItem[]) => string,
): string {
  return groups
    .map(({ name, items }) => {
      const heading = name === null ? `no ${key}` : printable(name, 100)
      return `${paint(terminal, 'bold', `${heading} (${items.length})`)}\n${tableOf(items)}`
    })
    .join('\n')
}

/** What `wrk list` shows otherwise than usually: items with a label, columns and groups. */
import type { Context } from '../../operations/context.ts'
import { fieldFilter, itemFields } from '../../operations/items/queries/item-fields.ts'
import type { ListedItem } from '../../operations/items/queries/list.ts'
import { screen } from '../terminal.ts'
import { columnNames, columnTable, fieldsToRead, groupedTables, groupsOf, valuesOf } from './columns.ts'

export async function withLabel(
  context: Context,
  items: ListedItem[],
  label: readonly string[] | undefined,
): Promise<ListedItem[]> {
  return label ? items.filter(await fieldFilter(context, { label })) : items
}

export interface ShownMore {
  /** Beside what the list has anyway. */
  json: Record<string, unknown>
  text: (usual: (items: readonly ListedItem[]) => string) => string
}

/** @throws WrkError USAGE */
export async function shownBy(
  context: Context,
  items: readonly ListedItem[],
  { columns, group }: { columns: string | undefined; group: string | undefined },
): Promise<ShownMore> {
  const names = columns === undefined ? [] : columnNames(columns)
  const [key] = group === undefined ? [] : columnNames(group)
  const wanted = fieldsToRead(key === undefined ? names : [...names, key])
  const fields = wanted.length > 0 ? await itemFields(context, wanted) : new Map()
  const terminal = screen(context.env)
  const own = fieldsToRead(names)
  const valued = items.map(item => ({
    ...item,
    fields: Object.fromEntries(own.map(name => [name, valuesOf(item, name, fields)])),
  }))
  const groups = key === undefined ? [] : groupsOf(items, key, fields)
  return {
    json: {
      ...(own.length > 0 ? { items: valued } : {}),
      ...(key === undefined
        ? {}
        : {
            groups: groups.map(({ name, items: members }) => ({ name, items: members.map(({ id }) => id) })),
          }),
    },
    text: usual => {
      const tableOf = (some: readonly ListedItem[]) =>
        names.length > 0 ? columnTable(some, names, fields, terminal) : usual(some)
      return key === undefined ? tableOf(items) : groupedTables(groups, key, terminal, tableOf)
    },
  }
}

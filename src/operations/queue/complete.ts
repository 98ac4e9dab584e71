/** What a queue holds of ids, sessions and providers, and fixed words, to complete a command line. It only looks. */
import type { Completion, ValueKind } from '../../core/completion.ts'
import { compareNumbers, displayOfFileName } from '../../core/items/ids.ts'
import { isClosed } from '../../core/items/status.ts'
import { identify } from '../../core/sessions/identity.ts'
import { AGENTS, belongsTo } from '../../core/sessions/session.ts'
import { readItems } from '../../store/items/item-reader.ts'
import { itemPlaces } from '../../store/items/places/item-places.ts'
import { processContext } from '../../system/processes/ancestors.ts'
import { type Context, currentRegistry } from '../context.ts'
import { COMPLEXITIES, PRIORITIES } from '../items/new.ts'
import { SORT_KEYS } from '../items/queries/list.ts'
import { dispatchable, loadWorkflow } from '../runs/dispatch.ts'

/** Files that are read at most: a key was pressed, and somebody waits. */
const MOST_READ = 1500
const MOST_SHOWN = 200

const FIXED = {
  status: ['pending', 'working', 'blocked', 'done', 'archived'],
  priority: PRIORITIES,
  complexity: COMPLEXITIES,
  order: SORT_KEYS,
} as const

/** @param command what the value is for: what one may release comes first for `release` */
export async function completeValue(
  context: Context,
  kind: Exclude<ValueKind, 'folder'>,
  typed: string,
  command: string,
): Promise<Completion[]> {
  if (kind === 'id') return ids(context, typed, command)
  const all =
    kind === 'session'
      ? await sessions(context)
      : kind === 'provider'
        ? await providers(context)
        : words(FIXED[kind])
  return all.filter(({ value }) => value.startsWith(typed)).slice(0, MOST_SHOWN)
}

const words = (all: readonly string[]): Completion[] => all.map(value => ({ value, title: '' }))

async function providers(context: Context): Promise<Completion[]> {
  return words([...new Set([...dispatchable(context, await loadWorkflow(context)), ...AGENTS])])
}

/** Those that have not ended first, the latest first. */
async function sessions(context: Context): Promise<Completion[]> {
  const registry = await currentRegistry(context)
  if (registry.kind !== 'registry') return []
  const open = registry.sessions.filter(({ endedAt }) => !endedAt).reverse()
  const ended = registry.sessions.filter(({ endedAt }) => endedAt).reverse()
  return [...open, ...ended].map(({ id, agent, endedAt, claims }) => ({
    value: id,
    title: endedAt ? 'ended' : [agent ?? '', ...claims.map(claim => claim.id)].filter(Boolean).join(' '),
  }))
}

async function ids(context: Context, typed: string, command: string): Promise<Completion[]> {
  const { store } = context
  // As the key spells it; a bare number is one under the queue's own prefix.
  const bare = /^\d[\d.]*$/.test(typed)
  const own = `${store.settings.idPrefix.toLowerCase()}-`
  const start = bare ? own + typed : plain(typed)
  const places = itemPlaces(store.host.disk, store.root).filter(
    ({ key, name }) => key.startsWith(start) || plain(name).startsWith(start),
  )
  const me = await callerOf(context)
  const mine = (by: string | undefined) => me !== null && by !== undefined && belongsTo(by, me)
  const found = (await readItems(store, places.slice(0, MOST_READ))).flatMap(({ item, lock, place }) => {
    // As its file is called, which is where zeros before the number are; the key has none.
    const named = displayOfFileName(place.name)
    const spellings = [plain(item.id) === plain(named) ? item.id : named, place.key]
    const spelled = spellings.find(spelling => plain(spelling).startsWith(start))
    if (spelled === undefined) return []
    const closed = isClosed(item.status ?? undefined, place.folder)
    const held = lock && !mine(lock.by) ? `held by ${lock.by}: ` : ''
    const rank = command === 'release' ? (mine(lock?.by) ? 0 : lock ? 1 : 2) : closed ? 2 : held ? 1 : 0
    const value = typed + spelled.slice(start.length)
    return [{ value, title: `${held}${item.title}`, rank, key: place.key }]
  })
  found.sort((a, b) => a.rank - b.rank || compareNumbers(a.key, b.key))
  const seen = new Set<string>()
  return found
    .filter(({ value }) => !seen.has(value) && seen.add(value))
    .slice(0, MOST_SHOWN)
    .map(({ value, title }) => ({ value, title }))
}

/** The same for all spellings of an id but for zeros before its number. */
const plain = (id: string): string => id.toLowerCase().replace('#', '-')

/** Who presses the key, without registering anybody; null when it is not known. */
async function callerOf(context: Context): Promise<string | null> {
  const registry = await currentRegistry(context)
  return (
    identify({ flag: context.session, env: context.env, registry, processes: processContext })?.id ?? null
  )
}

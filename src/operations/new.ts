/**
 * Makes an item with an id that no other ever had.
 *
 * Guarantees: of all that make items at once, each gets another id; no number is given again that stands in a
 * folder, in git's history of the queue, or was given out on this machine before. The file appears whole or not
 * at all.
 * Does not guarantee: different ids on different machines that share a queue through git; `id_ranges` does.
 */
import { basename, join } from 'node:path'
import { WrkError } from '../core/errors.ts'
import { newEvent } from '../core/event.ts'
import { parseId, printable } from '../core/ids.ts'
import { nextNumber, type Range } from '../core/numbering.ts'
import { stamp } from '../core/time.ts'
import { readFrontmatter } from '../markdown/frontmatter.ts'
import { findPair, scalarText } from '../markdown/scalar.ts'
import { type FieldValue, spliceChecked } from '../markdown/splice.ts'
import { MISSING, unless } from '../store/errno.ts'
import { appendEvents } from '../store/event-log.ts'
import { withGuard } from '../store/guard.ts'
import { publish, readPlainFile } from '../store/guarded-file.ts'
import { makeFolder } from '../store/item-move.ts'
import { findItem } from '../store/item-reader.ts'
import { NeedsFullReader, withReaders } from '../store/readers.ts'
import { type IdMemory, memoryPath, readMemory, remember, takenNumbers } from '../store/taken-ids.ts'
import { git } from '../system/git.ts'
import { placeAndTime } from './candidates.ts'
import type { ItemSummary } from './claim.ts'
import { badSetting, type Context, readSettingsFile, tidy } from './context.ts'
import { lookIn } from './identify.ts'

export interface NewItem {
  title: string
  priority?: string | undefined
  complexity?: string | undefined
  /** Ids of items that it waits for. */
  blockedBy?: readonly string[] | undefined
  parent?: string | undefined
  /** The text of an item where the queue has no template of its own. */
  template: string
}

export interface MadeItem {
  item: ItemSummary
  warnings: string[]
}

const LONGEST_TITLE = 300
const WORD = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/

/**
 * @throws WrkError USAGE (a title, word or id that is none; no number left), NOT_FOUND (an item that is named),
 *   INVALID_ITEM (a template that cannot be filled in), BUSY, IO
 */
export async function newItem(context: Context, wanted: NewItem): Promise<MadeItem> {
  const { store, clock } = context
  const { host, root, stateDir, settings } = store
  const fields = fieldsOf(context, wanted)
  const ranges = await idRanges(context)
  const template = readTemplate(context, wanted.template)
  tidy(context)
  const { caller } = await lookIn(context)
  const memory = readMemory(host.disk, stateDir)
  const warnings = readHistory(context, memory)
  const machines = placeAndTime(context).machines
  const now = stamp(clock())
  const made = await withReaders(full =>
    withGuard(host, stateDir, 'new-item', guard => {
      // What another has given out meanwhile is remembered by then.
      const known = readMemory(host.disk, stateDir)
      const taken = takenNumbers(host.disk, root, memory, settings.idPrefix)
      for (const number of takenNumbers(host.disk, root, known, settings.idPrefix)) taken.add(number)
      const number = nextNumber(taken, ranges, machines)
      const id = `${settings.idPrefix}-${String(number).padStart(3, '0')}`
      const found = readFrontmatter(template.bytes, full)
      if (found.kind === 'needsFull') throw new NeedsFullReader()
      if (found.kind === 'error')
        throw new WrkError('INVALID_ITEM', `${template.path}:${found.error.line}: ${found.error.message}`, {
          hint: 'Mend the template, or remove it to use the built-in one.',
        })
      const spliced = spliceChecked(
        template.bytes,
        found,
        { id: { word: id }, ...fields, created_at: { word: now } },
        full,
      )
      if (spliced.kind !== 'ok')
        throw new WrkError('INVALID_ITEM', `${template.path} cannot be filled in`, {
          hint: 'Mend the template, or remove it to use the built-in one.',
        })
      const heading = scalarText(findPair(found.map, 'title')?.value)
      const bytes = withHeading(spliced.bytes, heading, wanted.title)
      const path = join(makeFolder(host.disk, root, 'pending'), `${id}.md`)
      const conflicts = join(stateDir, 'conflicts')
      publish(host.disk, guard, { bytes, from: 'absent', path, mode: 0o644, durable: true, conflicts })
      return { id, path }
    }),
  )
  await keepMemory(context, memory, basename(made.path))
  await appendEvents(host, stateDir, [
    {
      ...newEvent(now, 'created'),
      item: made.id,
      session: caller?.holder ?? null,
      tx: host.randomLetters(12),
    },
  ])
  return { item: { id: made.id, path: made.path, title: wanted.title, status: 'pending' }, warnings }
}

function fieldsOf(context: Context, { title, priority, complexity, blockedBy, parent }: NewItem) {
  const text = title.trim()
  if (text === '' || text.length > LONGEST_TITLE || /[\x00-\x1f\x7f]/.test(text))
    throw new WrkError('USAGE', `a title is one line of 1 to ${LONGEST_TITLE} characters`, {
      hint: 'wrk new "What is to be done"',
    })
  const fields: Record<string, FieldValue> = { title: { word: text }, status: { word: 'pending' } }
  for (const [key, word] of [
    ['priority', priority],
    ['complexity', complexity],
  ] as const) {
    if (word === undefined) continue
    if (!WORD.test(word)) throw new WrkError('USAGE', `--${key} is not a word: "${printable(word, 40)}"`)
    fields[key] = { word }
  }
  const known = (text: string) => {
    const id = parseId(text, context.store.settings.idPrefix)
    findItem(context.store, id)
    return /\D/.test(text) ? id.display : `${context.store.settings.idPrefix}-${text}`
  }
  if (blockedBy?.length) fields.blocked_by = { list: blockedBy.map(known) }
  if (parent !== undefined) fields.parent = { word: known(parent) }
  return { ...fields, locked_by: '', locked_at: '' }
}

/** The queue's own template, else the built-in one. */
function readTemplate({ store }: Context, builtIn: string): { path: string; bytes: Buffer } {
  const path = join(store.root, 'templates', 'item.md')
  const own = unless(MISSING, null, () => readPlainFile(store.host.disk, path))
  return own ?? { path: 'the built-in template', bytes: Buffer.from(builtIn) }
}

/** The heading of the template's body is its title; it becomes the new one's. */
function withHeading(bytes: Buffer, heading: string | undefined, title: string): Buffer {
  if (heading === undefined) return bytes
  const text = bytes.toString('utf8')
  const old = `\n# ${heading}`
  const at = text.indexOf(old)
  if (at < 0) return bytes
  return Buffer.from(`${text.slice(0, at)}\n# ${title.trim()}${text.slice(at + old.length)}`)
}

/** `id_ranges: { devbox: 1000-1999 }`. @throws WrkError USAGE, with line and column */
async function idRanges({ store }: Context): Promise<Map<string, Range>> {
  const file = await readSettingsFile(store.root)
  const pair = file && findPair(file.fields, 'id_ranges')
  const ranges = new Map<string, Range>()
  if (!pair || (pair.value.kind === 'scalar' && scalarText(pair.value) === undefined)) return ranges
  const bad = (key: string, offset: number) =>
    badSetting(file, { key, offset, expected: 'a range of numbers such as 1000-1999, by machine' })
  if (pair.value.kind !== 'map') throw bad('id_ranges', pair.keyStart)
  for (const { key, keyStart, value } of pair.value.pairs) {
    const parts = /^(\d{1,9})\s*-\s*(\d{1,9})$/.exec(scalarText(value) ?? '')
    const [first, last] = [Number(parts?.[1]), Number(parts?.[2])]
    if (!parts || first < 1 || last < first) throw bad(`id_ranges.${key}`, keyStart)
    ranges.set(key, { first, last })
  }
  return ranges
}

/**
 * Reads the names that git's history has in the queue, as far as it was not read before. A queue outside of git has
 * none.
 * @returns warnings
 */
function readHistory({ store }: Context, memory: IdMemory): string[] {
  const { root } = store
  const tips = git(root, ['rev-parse', '--all', 'HEAD'])
  // No repository, or no commit yet.
  const now = tips.stdout
    .toString('utf8')
    .split('\n')
    .filter(line => /^[0-9a-f]{40,64}$/.test(line))
  if (now.length === 0) return []
  const isNew = now.filter(tip => !memory.tips.includes(tip))
  if (isNew.length === 0) return []
  const names = namesIn(root, isNew, memory.tips) ?? namesIn(root, now, [])
  if (!names) return ['git could not tell the ids of the past; only those in the folders were looked at']
  remember(memory, names)
  memory.tips = [...new Set(now)]
  return []
}

/** Names of all files of the queue that these commits added, less what others had; null when git fails. */
function namesIn(root: string, tips: readonly string[], known: readonly string[]): string[] | null {
  const revisions = [...tips, ...known.map(tip => `^${tip}`)].join('\n')
  const args = [
    'log',
    '--stdin',
    '--format=',
    '--name-only',
    '--no-renames',
    '--diff-filter=A',
    '-m',
    '-z',
    '--',
    '.',
  ]
  const log = git(root, args, `${revisions}\n`)
  if (log.code !== 0) return null
  return log.stdout
    .toString('utf8')
    .split('\0')
    .map(path => path.slice(path.lastIndexOf('/') + 1).trim())
}

/** The memory only saves time, and keeps ids that never reach git: failing to write it undoes nothing. */
async function keepMemory({ store }: Context, memory: IdMemory, name: string): Promise<void> {
  const { host, stateDir } = store
  await withGuard(host, stateDir, 'ids', guard => {
    const latest = readMemory(host.disk, stateDir)
    for (const [prefix, numbers] of Object.entries(latest.taken))
      remember(
        memory,
        numbers.map(number => `${prefix}-${number}.md`),
      )
    remember(memory, [name])
    const bytes = Buffer.from(JSON.stringify(memory))
    publish(host.disk, guard, {
      bytes,
      from: 'any',
      path: memoryPath(stateDir),
      mode: 0o644,
      durable: false,
      conflicts: stateDir,
    })
  })
}

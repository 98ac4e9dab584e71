/**
 * The rules by which two versions of one item become one. Who holds the item is not decided here: its record is the
 * truth for that, and a merge also replays old history, where today's lock has no place.
 */
import type { FullReader } from '../../markdown/frontmatter.ts'
import {
  type FieldTexts,
  type Group,
  type MarkerStyle,
  type MergeResult,
  mergeFrontmatter,
  type Rules,
  type Versions,
} from '../../markdown/merge/merge-frontmatter.ts'
import { isDependencyKey } from '../items/details.ts'
import { keyOfField } from '../items/ids.ts'
import { isArchived, isClosed, statusWord } from '../items/status.ts'
import { parseInstant } from '../time.ts'

/** Lists of ids besides those that say what an item waits for. */
const ID_LISTS = [
  'related',
  'relates_to',
  'related_to',
  'blocks',
  'children',
  'subtasks',
  'duplicates',
  'supersedes',
]

/** @throws Error never: what cannot be merged is a result */
export function mergeItem(versions: Versions, style?: MarkerStyle, full?: FullReader): MergeResult {
  return mergeFrontmatter(versions, RULES, style, full)
}

const RULES: Rules = {
  groups: [
    { keys: ['status', 'completed_at', 'blocked_reason', 'cancelled_reason'], choose: chooseStatus },
    { keys: ['locked_by', 'locked_at'], choose: () => 'empty' },
    ...['updated_at', 'updated'].map(key => ({ keys: [key], choose: byTime(key, 'later') })),
    ...['created_at', 'created'].map(key => ({ keys: [key], choose: byTime(key, 'earlier') })),
  ],
  identityFor: key => (isDependencyKey(key) || ID_LISTS.includes(key) ? identityOf : undefined),
}

/** However it is spelled: `157` is not taken for `WRK-157`, since what it is short for is a setting of the queue. */
function identityOf(text: string): string {
  return keyOfField(text, '') ?? text.trim()
}

/**
 * Both sides have changed the status, or what goes with it. Work that is over beats work that only went on, where the
 * item was open before; all else is for a person: reopened here and archived there, or two different ends.
 */
function chooseStatus(
  base: FieldTexts | null,
  ours: FieldTexts,
  theirs: FieldTexts,
): ReturnType<Group['choose']> {
  if (ours.status === undefined || theirs.status === undefined) return 'conflict'
  const [a, b] = [statusWord(ours.status), statusWord(theirs.status)]
  if (a === b) return chooseSameStatus(ours, theirs)
  if (base && isClosed(base.status, '')) return 'conflict'
  const [overA, overB] = [isClosed(ours.status, ''), isClosed(theirs.status, '')]
  if (overA !== overB) return base === null ? 'conflict' : overA ? 'ours' : 'theirs'
  if (overA && isArchived(a, '') && WORK_DONE.includes(b)) return 'ours'
  if (overA && isArchived(b, '') && WORK_DONE.includes(a)) return 'theirs'
  return 'conflict'
}

/** What an item was called before it went to the archive; the other words for an end say more than `archived`. */
const WORK_DONE: readonly string[] = ['done', 'complete', 'completed', 'finished']

/** Finished on both sides: it was over when the first of them had done it. */
function chooseSameStatus(ours: FieldTexts, theirs: FieldTexts): ReturnType<Group['choose']> {
  if (['blocked_reason', 'cancelled_reason'].some(key => ours[key] !== theirs[key])) return 'conflict'
  if (ours.completed_at === undefined) return 'theirs'
  if (theirs.completed_at === undefined) return 'ours'
  return byTime('completed_at', 'earlier')(null, ours, theirs)
}

function byTime(key: string, which: 'earlier' | 'later'): Group['choose'] {
  return (_base, ours, theirs) => {
    const [a, b] = [ours, theirs].map(({ [key]: text }) => (text === undefined ? null : parseInstant(text)))
    if (!a || !b) return 'conflict'
    return a > b === (which === 'later') ? 'ours' : 'theirs'
  }
}

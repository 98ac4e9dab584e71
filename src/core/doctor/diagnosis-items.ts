/** What is wrong with the items themselves: their files, their places, their locks. Pure. */
import { decideClaim } from '../claims/claim.ts'
import { setterOf, shellWord } from '../commits/form.ts'
import { homeOf } from '../items/home.ts'
import type { ItemKey } from '../items/ids.ts'
import type { Problem } from '../items/item.ts'
import { commandForText } from '../items/kept-by-git.ts'
import { unknownPriority } from '../items/priority.ts'
import { fitsFolder, isClosed } from '../items/status.ts'
import { printable } from '../text.ts'
import { type Facts, type Finding, type Fix, type ItemFacts, newFinding } from './finding.ts'

export function diagnoseItems(facts: Facts): Finding[] {
  const byKey = new Map<ItemKey, ItemFacts[]>()
  for (const item of facts.items) byKey.set(item.key, [...(byKey.get(item.key) ?? []), item])
  return [...byKey.values()].flatMap(copies => {
    const found = copies.flatMap(item => {
      // An item that needs a repair first is not changed.
      const isSound = copies.length === 1 && !item.problems.some(isBlocking)
      return [
        ...item.problems.flatMap(problem => problemOf(item, problem, facts)),
        ...lockOf(item, facts, isSound),
        ...linesOf(item, isSound),
        ...leftOf(item, facts),
        ...placeOf(item, facts, isSound),
        ...fieldsOf(item),
        ...ownerOf(item),
      ]
    })
    return copies.length > 1 ? [...found, inSeveralPlaces(copies, facts)] : found
  })
}

/** An id in two places is reported once, on its own. */
const isBlocking = ({ blocks, code }: Problem) => blocks && code !== 'ambiguous'

function about(item: ItemFacts, finding: Finding, at: { line: number; column: number } = NOWHERE): Finding {
  return { ...finding, item: item.id, path: item.path, line: at.line, column: at.column }
}

const NOWHERE = { line: 0, column: 0 }

/** The problems that every reader of the file reports. Its place and its holder are checked separately. */
function problemOf(item: ItemFacts, problem: Problem, facts: Facts): Finding[] {
  const { code, message, blocks } = problem
  if (code === 'ambiguous' || code === 'status-folder') return []
  if (code === 'half-lock' && item.held && judged(item, facts).kind === 'takenOver') return []
  const finding = newFinding(code, blocks ? 'error' : 'warning', message, adviceFor(item, problem))
  return [about(item, { ...finding, fix: fixFor(item, problem) }, problem)]
}

function fixFor(item: ItemFacts, { code, isNewer }: Problem): Fix | null {
  if (code === 'half-lock' && !item.held && !item.problems.some(({ blocks }) => blocks))
    return { kind: 'clear-half-lock', id: item.id, does: 'empty locked_at, because nobody holds it' }
  if (code === 'put-back-copy')
    return { kind: 'remove-put-back', id: item.id, does: 'remove the copy that git put back' }
  // What a newer wrk wrote may be somebody's claim, which that version can read.
  if (code === 'unreadable-record' && !isNewer)
    return {
      kind: 'set-record-aside',
      key: item.key,
      does: 'set the record aside; then only the lock in the file counts',
    }
  return null
}

function adviceFor({ id, name, path, held }: ItemFacts, { code, line, message, isNewer }: Problem): string {
  if (code === 'put-back-copy') return 'wrk doctor --fix'
  if (code === 'unreadable-record')
    return isNewer
      ? 'Update wrk: a session with the newer version may hold the item.'
      : 'If nobody works on it: wrk doctor --fix'
  if (code === 'no-frontmatter')
    return 'Give it frontmatter (templates/item.md shows how), or move it out of the queue.'
  if (code === 'merge-conflict')
    return `Keep one side in an editor, from line ${line} on, then: wrk resolve ${id}`
  if (code === 'unreadable') return commandForText(message) ?? `Correct line ${line} in an editor.`
  if (code === 'duplicate-key') return `Keep one of the two: line ${line}, or the one above it.`
  if (code === 'id-mismatch') return `Correct the id in line ${line}, or rename ${name}.`
  if (code === 'unreadable-lock') return `Write one value in line ${line}, or "" when nobody holds it.`
  if (code === 'half-lock')
    return held
      ? `The file’s modification time counts instead. Its holder can write it again: wrk claim ${id}`
      : `Empty line ${line}.`
  if (code === 'no-permission') return `Its owner can permit it: chmod u+rw ${shellWord(path)}`
  return 'Replace the link by the file itself, or move it out of the queue.'
}

/** As another session's claim would decide: a lock that it could take over is left over. */
function judged({ held }: ItemFacts, { ttlMs, takeover, now }: Facts) {
  return decideClaim(held, { holder: '', ttlMs, takeover, force: null }, now)
}

function lockOf(item: ItemFacts, facts: Facts, isSound: boolean): Finding[] {
  const { held, id } = item
  const decision = judged(item, facts)
  if (!held || decision.kind !== 'takenOver') return []
  const code = item.ended ? 'ended-session' : decision.because === 'dead' ? 'dead-lock' : 'stale-lock'
  const message = `locked by ${printable(held.lock.by, 128)}, but ${decision.reason}`
  const advice = isSound
    ? `To work on it: wrk claim ${id}`
    : 'Repair what else is wrong with the item, then: wrk doctor --fix'
  const fix = isSound ? { kind: 'release' as const, id, does: 'release it' } : null
  return [about(item, { ...newFinding(code, 'warning', message, advice), fix })]
}

/** Its record holds it, or has given it up, and the file shows something else. */
function linesOf(item: ItemFacts, isSound: boolean): Finding[] {
  if (!item.linesDiffer) return []
  const holder = item.held ? printable(item.held.lock.by, 128) : null
  const message = holder
    ? `held by ${holder}, but git or an editor removed the lock from the file`
    : 'shows a released lock: git or an editor restored old lines'
  const fix = isSound ? { kind: 'write-lock' as const, id: item.id, does: 'correct the lock lines' } : null
  return [about(item, { ...newFinding('lock-lines', 'warning', message, 'wrk doctor --fix'), fix })]
}

/** What was begun and left is offered first by next; here it is for a person to know. */
function leftOf(item: ItemFacts, facts: Facts): Finding[] {
  const { id, left, held } = item
  // A dead or stale lock says so itself.
  if (!left || (held && judged(item, facts).kind === 'takenOver')) return []
  const message = `begun and left by ${printable(left.by, 128)}`
  return [about(item, newFinding('left-work', 'warning', message, `Continue it: wrk start ${id}`))]
}

function placeOf(item: ItemFacts, facts: Facts, isSound: boolean): Finding[] {
  const { id, status, folder, completed, held } = item
  if (status === null || fitsFolder(status, folder)) return []
  // A process is about to move it; an interrupted move is reported by its note.
  if (facts.state.moves.some(({ key, move }) => key === item.key && move?.status === status)) return []
  const at = item.problems.find(({ code }) => code === 'status-folder')
  const message = `the status ${printable(status, 40)} does not belong in ${folder}/`
  const to = homeOf(status, folder, completed)
  const isHeld = held !== null && !item.mine && judged(item, facts).kind === 'held'
  const isOpen = to !== null && !isBarred(to, facts)
  const first = isHeld ? `It is held by ${printable(held.lock.by, 128)}; when it is free: ` : ''
  const advice = !isSound
    ? 'Repair what else is wrong with the item first.'
    : to === null
      ? `${first}${misplaced(item)}`
      : isHeld
        ? `${first}wrk doctor --fix`
        : `If the folder is right, correct the status: wrk set ${id} status=…`
  const fix =
    isSound && !isHeld && isOpen ? { kind: 'move' as const, id, to, does: `move it to ${to}/` } : null
  return [about(item, { ...newFinding('status-folder', 'warning', message, advice), fix }, at)]
}

/** What only a commit of the item would be refused for, which is no more than a note, and what has no effect. */
function fieldsOf(item: ItemFacts): Finding[] {
  const { id, folder, closed, missing, noDate, oddPriority } = item
  const found = missing.map(({ key, message, ...at }) => {
    const set = setterOf(key, id, folder) ?? `add the line "id: ${id}"`
    return about(
      item,
      newFinding('missing-field', 'note', message, `wrk verify refuses to commit it so: ${set}`),
      at,
    )
  })
  if (oddPriority && !closed)
    found.push(
      about(
        item,
        newFinding(
          'unknown-priority',
          'note',
          unknownPriority(oddPriority.word),
          `wrk set ${id} priority=medium`,
        ),
        oddPriority,
      ),
    )
  if (!noDate || closed) return found
  const message = `the field ${noDate.key} is not a date and has no effect`
  const advice = `Write it as 2026-12-31: wrk set ${id} ${noDate.key}=…`
  return [...found, about(item, newFinding('unreadable-date', 'warning', message, advice), noDate)]
}

/** Closed items need no changes; one that cannot even be read is reported as such. */
function ownerOf(item: ItemFacts): Finding[] {
  if (!item.notOurs || item.problems.some(({ code }) => code === 'no-permission')) return []
  const { message, hint = '' } = item.notOurs
  return [about(item, newFinding('not-writable', item.closed ? 'note' : 'warning', message, hint))]
}

/** Something that is no folder is where the item would go. */
function isBarred(to: string, { notFolders, root }: Facts): boolean {
  return notFolders.some(({ path }) => `${root}/${to}/`.startsWith(`${path}/`))
}

function misplaced({ id, status, folder }: ItemFacts): string {
  if (isClosed(status!, '')) return `Its completion date is missing: wrk archive ${id}`
  const word = folder.startsWith('archive') ? 'archived' : 'done'
  return `If it is closed: wrk set ${id} status=${word}. If it is not, move it out of ${folder}/.`
}

function inSeveralPlaces(copies: readonly ItemFacts[], { identical, root }: Facts): Finding {
  const first = copies[0]!
  const { id, key } = first
  const paths = copies.map(({ path }) => path)
  const named = copies.map(({ folder, name }) => (folder === '' ? name : `${folder}/${name}`))
  const same = identical.has(key)
  const message = `the id is in ${copies.length} places${same ? ' (identical files)' : ''}: ${named.join(', ')}`
  const advice = same
    ? 'Keep the one in the right folder and remove the others (git rm).'
    : 'Compare them and keep one (git rm the others), or give each its own id.'
  const finding = { ...newFinding('two-places', 'error', message, advice), item: id, path: first.path }
  const fitting = copies.filter(({ status, folder }) => status !== null && fitsFolder(status, folder))
  const [keep] = fitting
  // What cannot be read, what is held and what no folder speaks against is for a person to look at.
  const isSafe = copies.every(({ held, problems, status }) => status && !held && !problems.some(isBlocking))
  if (!same || !keep || fitting.length > 1 || !isSafe) return finding
  const remove = paths.filter(path => path !== keep.path)
  const gone = remove.map(path => path.slice(root.length + 1)).join(' and ')
  const does = `remove ${gone}, which is not in the folder of its status`
  return { ...finding, fix: { kind: 'remove-copy', id, keep: keep.path, remove, does } }
}

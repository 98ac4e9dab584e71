/** The three-way merge of one key with its value and its comments. */
import { toData } from '../scalar.ts'
import { type Entry, isInline, ownText, textOfEntry } from './entries.ts'
import { mergeLines, type Piece, sideThatChanged } from './merge-lines.ts'
import { type IdentityOf, mergeSet } from './merge-set.ts'

export type MergedEntry =
  | { kind: 'absent' }
  /** `check` is the value that it must have when the file is read again; undefined: any. */
  | { kind: 'entry'; text: string; check: unknown }
  | { kind: 'conflict'; pieces: Piece[] }

/** An entry in the base, on our side and on theirs. */
export interface ThreeEntries {
  base: Entry | undefined
  ours: Entry | undefined
  theirs: Entry | undefined
}

export type Side = 'ours' | 'theirs'

/**
 * Takes from each side what it changed; two different changes of the value are a conflict.
 * @param identity of lists that are merged as sets: what decides whether two of its words mean the same
 */
export function mergeEntry({ base, ours, theirs }: ThreeEntries, identity?: IdentityOf): MergedEntry {
  const [o, a, b] = [base, ours, theirs].map(entry => entry && textOfEntry(entry))
  if (a === b || o === b) return asItIs(ours)
  if (o === a) return asItIs(theirs)
  // One side has taken it out; the other's new value must not go without a word.
  if (!ours || !theirs) {
    const rest = (ours ?? theirs)!
    return base && hasSameValue(base, rest) ? { kind: 'absent' } : conflict(o, a, b)
  }
  if (hasSameValue(ours, theirs)) return mergeParts({ base, ours, theirs }, 'ours')
  if (base && hasSameValue(base, ours)) return mergeParts({ base, ours, theirs }, 'theirs')
  if (base && hasSameValue(base, theirs)) return mergeParts({ base, ours, theirs }, 'ours')
  const set = identity && mergeSet(base, ours, theirs, identity)
  if (set) return mergeParts({ base, ours: set, theirs }, 'ours', true)
  return mergeParts({ base, ours, theirs }, null)
}

/** Takes the value of one side, whatever the other did to it, and of the rest what each side changed. */
export function takeValue({ base, ours, theirs }: ThreeEntries, side: Side): MergedEntry {
  const taken = side === 'ours' ? ours : theirs
  if (!taken) return { kind: 'absent' }
  if (!ours || !theirs) return asItIs(taken)
  return mergeParts({ base, ours, theirs }, side)
}

/** A conflict, unless both sides say the same: for keys that go together when one of them cannot be decided. */
export function undecided(three: ThreeEntries): MergedEntry {
  const { base, ours, theirs } = three
  if (!ours || !theirs ? ours === theirs : hasSameValue(ours, theirs)) return mergeEntry(three)
  if (ours && theirs) {
    const lead = mergeLines(base?.lead ?? '', ours.lead, theirs.lead)
    const after = mergeLines(base?.after ?? '', ours.after, theirs.after)
    const whole = { base: base ? ownText(base) : '', ours: ownText(ours), theirs: ownText(theirs) }
    if (lead.conflicts + after.conflicts === 0)
      return { kind: 'conflict', pieces: [...lead.pieces, { kind: 'conflict', ...whole }, ...after.pieces] }
  }
  return conflict(base && textOfEntry(base), ours && textOfEntry(ours), theirs && textOfEntry(theirs))
}

/** An empty value in the place of the two, `""`. */
export function emptied({ base, ours, theirs }: ThreeEntries): MergedEntry {
  const empty = (entry: Entry): Entry => ({
    ...entry,
    head: entry.head.endsWith(':') ? `${entry.head} ` : entry.head,
    value: '""',
    node: { kind: 'scalar', style: 'double', text: '', start: 0, end: 0 },
  })
  const some = ours ?? theirs
  if (!some) return { kind: 'absent' }
  if (!isInline(some) || (theirs && !isInline(theirs)))
    return conflict(base && textOfEntry(base), ours && textOfEntry(ours), theirs && textOfEntry(theirs))
  if (!ours || !theirs) return asItIs(empty(some))
  return mergeParts({ base, ours: empty(ours), theirs }, 'ours')
}

function hasSameValue(one: Entry, other: Entry): boolean {
  return JSON.stringify(toData(one.node)) === JSON.stringify(toData(other.node))
}

function asItIs(entry: Entry | undefined): MergedEntry {
  return entry ? { kind: 'entry', text: textOfEntry(entry), check: toData(entry.node) } : { kind: 'absent' }
}

function conflict(base = '', ours = '', theirs = ''): MergedEntry {
  return { kind: 'conflict', pieces: [{ kind: 'conflict', base, ours, theirs }] }
}

/**
 * @param side the side that wins; null: what their texts give, and a conflict when both have changed them
 * @param isMade our value was made just now, so that of the texts theirs has no more to say
 */
function mergeParts(
  three: { base: Entry | undefined; ours: Entry; theirs: Entry },
  side: Side | null,
  isMade = false,
): MergedEntry {
  const { base, ours, theirs } = three
  const lead = mergeLines(base?.lead ?? '', ours.lead, theirs.lead)
  const after = mergeLines(base?.after ?? '', ours.after, theirs.after)
  const own = side === null ? null : ownOfSide(three, side, isMade)
  if (lead.conflicts + after.conflicts === 0) {
    const text = (middle: string) => textIn(lead.pieces) + middle + textIn(after.pieces)
    if (own !== null) {
      const { node } = side === 'ours' ? ours : theirs
      return { kind: 'entry', text: text(own), check: isMade ? undefined : toData(node) }
    }
    const lines = mergeLines(base ? ownText(base) : '', ownText(ours), ownText(theirs))
    if (lines.conflicts === 0) return { kind: 'entry', text: text(textIn(lines.pieces)), check: undefined }
    // Between the markers stand whole values: half a list or half a text is no choice.
    const whole = { base: base ? ownText(base) : '', ours: ownText(ours), theirs: ownText(theirs) }
    return {
      kind: 'conflict',
      pieces: [...lead.pieces, { kind: 'conflict', ...whole }, ...after.pieces],
    }
  }
  return conflict(base && textOfEntry(base), textOfEntry(ours), textOfEntry(theirs))
}

/** The line or lines of the key with one side's value and what the other changed around it; null when that cannot be. */
function ownOfSide(
  { base, ours, theirs }: { base: Entry | undefined; ours: Entry; theirs: Entry },
  side: Side,
  isMade: boolean,
): string | null {
  const taken = side === 'ours' ? ours : theirs
  const other = side === 'ours' ? theirs : ours
  if (isInline(ours) && isInline(theirs) && (!base || isInline(base))) {
    const head = sideThatChanged((base ?? other).head.trimEnd(), ours.head.trimEnd(), theirs.head.trimEnd())
    const tail = sideThatChanged(
      base?.tail ?? taken.tail.replace(/^.*?(?=\r?\n?$)/, ''),
      ours.tail,
      theirs.tail,
    )
    if (head === null || tail === null) return null
    const blanks = taken.head.slice(taken.head.trimEnd().length)
    return head + blanks + taken.value + tail
  }
  if (isMade || (base && ownText(base) === ownText(other))) return ownText(taken)
  const lines = mergeLines(base ? ownText(base) : '', ownText(ours), ownText(theirs))
  return lines.conflicts === 0 ? textIn(lines.pieces) : null
}

function textIn(pieces: readonly Piece[]): string {
  return pieces.map(piece => (piece.kind === 'text' ? piece.text : '')).join('')
}

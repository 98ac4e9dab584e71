/**
 * A record as a line of the cache: first what a listing of thousands asks of each, then the file's own text, from which
 * the rest is read when it is asked for.
 */
import type { ItemRecord } from '../../core/claims/record.ts'
import { parseRecord } from '../../core/claims/record.ts'

/** @param text the record's file: one line */
export function keptLine({ state, holder, lockedAt, renewedAt }: ItemRecord, text: string): string {
  return `${state}\t${holder}\t${lockedAt ?? ''}\t${renewedAt ?? ''}\t${text.slice(0, -1)}`
}

/** Null for a line that is none of keptLine's, as of a holder with a tab in its name. */
export function keptRecord(line: string): ItemRecord | null {
  const [state, holder, lockedAt, renewedAt, text, ...more] = line.split('\t')
  if (text === undefined || more.length > 0) return null
  return new KeptRecord(state as ItemRecord['state'], holder!, lockedAt || null, renewedAt || null, text)
}

class KeptRecord implements ItemRecord {
  readonly state: ItemRecord['state']
  readonly holder: string
  readonly lockedAt: string | null
  readonly renewedAt: string | null
  #text: string
  #whole: ItemRecord | undefined

  constructor(
    state: ItemRecord['state'],
    holder: string,
    lockedAt: string | null,
    renewedAt: string | null,
    text: string,
  ) {
    this.state = state
    this.holder = holder
    this.lockedAt = lockedAt
    this.renewedAt = renewedAt
    this.#text = text
  }

  /** Only the text of a record that could be read is kept. */
  get whole(): ItemRecord {
    const reading = this.#whole ? null : parseRecord(this.#text)
    if (reading?.kind === 'record') this.#whole = reading.record
    return this.#whole!
  }

  get id() {
    return this.whole.id
  }
  get run() {
    return this.whole.run
  }
  get epoch() {
    return this.whole.epoch
  }
  get rev() {
    return this.whole.rev
  }
  get claimedAt() {
    return this.whole.claimedAt
  }
  get left() {
    return this.whole.left
  }
  get shown() {
    return this.whole.shown
  }
  get snapshots() {
    return this.whole.snapshots
  }
  get madeOn() {
    return this.whole.madeOn
  }
}

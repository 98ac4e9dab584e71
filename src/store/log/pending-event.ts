/** Makes an event that has not been logged yet: the one place where its parts are put together. */
import { type EventType, type NewEvent, newEvent } from '../../core/log/event.ts'
import { printable } from '../../core/text.ts'
import { stamp } from '../../core/time.ts'
import type { PendingEvent } from './event-log.ts'

/** Of the 36^12 names for a change, none comes twice. */
const TX_LETTERS = 12

type EventFacts = Partial<Omit<NewEvent, 'time' | 'type'>>

/**
 * @param host gives the change a name of its own, by which it is logged once
 * @param facts what there is to say besides when and what; the reason may hold text from files; an empty one counts as missing
 */
export function pendingEvent(
  host: { randomLetters: (count: number) => string },
  at: Date,
  type: EventType,
  facts: EventFacts,
): PendingEvent {
  return {
    ...newEvent(stamp(at), type),
    ...facts,
    reason: facts.reason ? printable(facts.reason) : null,
    tx: host.randomLetters(TX_LETTERS),
  }
}

/**
 * The events that the log keeps: one for every change of an item, every session lock that is taken or given up, and
 * every start and end of a session; and refusals of release, execute, review and lock release.
 */

export type EventType =
  | 'granted'
  | 'renewed'
  | 'takenOver'
  | 'released'
  | 'refused'
  | 'created'
  | 'started'
  | 'blocked'
  | 'unblocked'
  | 'finished'
  | 'cancelled'
  | 'reopened'
  | 'changed'
  | 'archived'
  | 'moved'
  | 'sessionStarted'
  | 'sessionEnded'

const TAKES_LOCK: readonly EventType[] = ['granted', 'renewed', 'takenOver', 'started']

/** Whether an event shows that its session got the item. */
export function takesLock(type: EventType): boolean {
  return TAKES_LOCK.includes(type)
}

export interface NewEvent {
  /** UTC to the second, as in locks. */
  time: string
  type: EventType
  /** The item's id, null for events of a session. */
  item: string | null
  /** Who acted: `SESSION` or `SESSION/NAME`, null when nobody is known (a refused stranger). */
  session: string | null
  previous_holder: string | null
  reason: string | null
  forced: boolean
}

/** An event with nothing said but when and what; spread what else there is to say over it. */
export function newEvent(time: string, type: EventType): NewEvent {
  return { time, type, item: null, session: null, previous_holder: null, reason: null, forced: false }
}

export interface LogEvent extends NewEvent {
  /** Rises by one with every event, over all processes and rotations of the log. */
  seq: number
  /** Unique to one change, so that an event completed after a crash is logged once. */
  tx: string
}

/** Reads one line of the log; null for a torn or foreign one. */
export function parseEvent(line: string): LogEvent | null {
  if (!line.startsWith('{')) return null
  try {
    const event = JSON.parse(line) as LogEvent
    const texts = [event.item, event.session, event.previous_holder, event.reason]
    const isEvent =
      Number.isSafeInteger(event.seq) &&
      event.seq > 0 &&
      typeof event.type === 'string' &&
      typeof event.time === 'string' &&
      texts.every(text => text === null || typeof text === 'string')
    return isEvent ? event : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

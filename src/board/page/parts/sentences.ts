/** What an event of the log says, for people. */
import type { BoardEvent } from '../../protocol.ts'
import { short } from './words.ts'

export function eventText({ type, session, previous_holder, reason, forced }: BoardEvent): string {
  const by = session === null ? '' : ` by ${short(session, 32)}`
  const why = reason === null || reason === '' ? '' : ` (${reason})`
  const force = forced ? ', by force' : ''
  switch (type) {
    case 'granted':
      return `claimed${by}${why}`
    case 'renewed':
      return `claim renewed${by}`
    case 'takenOver':
      return `taken over${by} from ${short(previous_holder ?? 'unknown', 32)}${force}${why}`
    case 'released':
      return session === previous_holder || previous_holder === null
        ? `released${by}${why}`
        : `released${by} for ${short(previous_holder, 32)}${force}${why}`
    case 'refused':
      return `refused${by}: held by ${short(previous_holder ?? 'another', 32)}${why}`
    case 'finished':
      return `done${by}${why}`
    case 'changed':
      return `changed${by}: ${reason ?? ''}`
    case 'sessionStarted':
      return `session started${by}${why}`
    case 'sessionEnded':
      return `session ended${by}${why}`
    default:
      return `${type}${by}${force}${why}`
  }
}

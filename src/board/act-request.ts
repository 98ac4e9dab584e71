/** What a request to act says, checked: it comes from a page, and pages are not to be trusted with shapes. */
import { ACTS, type Act, type ActVerb, type Shown } from './protocol.ts'

const LONGEST_ID = 80
const LONGEST_TEXT = 300

/** @returns the act, or what is wrong with it */
export function readAct(given: unknown): Act | string {
  if (!isRecord(given)) return 'an act is an object'
  const { verb, id, shown, reason, force, priority, title } = given
  if (!ACTS.includes(verb as ActVerb)) return `verb is one of ${ACTS.join(', ')}`
  for (const [name, text] of Object.entries({ reason, priority, title }))
    if (text !== undefined && (typeof text !== 'string' || text.length > LONGEST_TEXT))
      return `${name} is a text of at most ${LONGEST_TEXT} characters`
  const word = priority as string | undefined
  if (word !== undefined && !/^[A-Za-z0-9][\w-]{0,39}$/.test(word)) return 'priority is a word'
  if (verb === 'new')
    return typeof title === 'string'
      ? { verb, title, ...(word !== undefined && { priority: word }) }
      : 'title is missing'
  if (typeof id !== 'string' || id === '' || id.length > LONGEST_ID) return 'id is missing'
  if (!isShown(shown)) return 'shown is { locked_by, locked_at, status }, as the board shows them'
  if (verb === 'priority' && word === undefined) return 'priority is missing'
  if (force !== undefined && force !== true) return 'force is true, or left out'
  const why = typeof reason === 'string' ? reason.trim() : ''
  if (force && (why === '' || (verb !== 'claim' && verb !== 'release')))
    return 'force goes with claim and release, and needs a reason'
  return {
    verb: verb as Exclude<ActVerb, 'new'>,
    id,
    shown,
    ...(why !== '' && { reason: why }),
    ...(force && { force: true as const }),
    ...(word !== undefined && { priority: word }),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isShown(value: unknown): value is Shown {
  if (!isRecord(value)) return false
  return ['locked_by', 'locked_at', 'status'].every(
    name => value[name] === null || typeof value[name] === 'string',
  )
}

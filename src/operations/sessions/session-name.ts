/** A name for one's own session. */
import { WrkError } from '../../core/errors.ts'
import { readSessionNames, writeSessionName } from '../../store/sessions/session-names.ts'
import type { Context } from '../context.ts'
import { register } from './caller.ts'

const LONGEST = 60
const HIDDEN = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/

/**
 * @param name undefined: only asks; '' takes the name away
 * @returns the name that it has now
 * @throws WrkError USAGE, NO_SESSION, BUSY, IO
 */
export async function sessionName(
  context: Context,
  name: string | undefined,
): Promise<{ session: string; name: string | null; warnings: string[] }> {
  const text = name?.trim()
  if (text !== undefined && (text.length > LONGEST || HIDDEN.test(text)))
    throw new WrkError('USAGE', `a session's name must be one line of at most ${LONGEST} characters`, {
      hint: 'wrk session name "api work"',
    })
  const { session, warnings } = await register(context)
  const { host, stateDir } = context.store
  if (text !== undefined) writeSessionName(host.disk, stateDir, session, text || null)
  const now = readSessionNames(host.disk, stateDir).get(session) ?? null
  return { session, name: now, warnings }
}

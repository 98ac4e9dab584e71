/** A session of this very process: it lives as long as the process does, whatever started it. */
import { listedSession } from '../../core/sessions/session.ts'
import { type Context, currentRegistry, ownAnchor } from '../context.ts'
import { register } from './caller.ts'
import { type SessionEnd, sessionEnd } from './session.ts'

type OwnContext = Context & { session: string }

/** Makes sure that the session is listed. @param agent what kind of session it is @throws WrkError USAGE, IO, BUSY */
export async function registerOwnSession(context: OwnContext, agent: string): Promise<void> {
  const { session, store } = context
  await register(context, { sessionId: session, agent, anchorTo: ownAnchor(store.host) })
}

/** Ends the session, if it was ever registered, and releases what it holds. @throws WrkError IO, BUSY */
export async function endOwnSession(context: OwnContext): Promise<SessionEnd | null> {
  const listed = listedSession(await currentRegistry(context), context.session)
  return listed && !listed.endedAt ? sessionEnd(context) : null
}

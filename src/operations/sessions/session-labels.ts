/** What people recognise sessions by: the names that they gave them, and the terminals in which they run. */
import { readSessionNames } from '../../store/sessions/session-names.ts'
import { here } from '../../system/processes/process.ts'
import { type TerminalPlace, terminalOf } from '../../system/processes/terminal-of.ts'
import type { Context } from '../context.ts'
import type { SessionStatus } from './status.ts'

export interface SessionLabel extends TerminalPlace {
  /** What `wrk session name` gave it. */
  name: string | null
}

/** Labels by the ids of sessions; only those that live on this host have a terminal. */
export function sessionLabels(
  { store }: Context,
  sessions: readonly Pick<SessionStatus, 'session_id' | 'pid' | 'host' | 'liveness'>[],
): Map<string, SessionLabel> {
  const names = readSessionNames(store.host.disk, store.stateDir)
  const { host } = here()
  return new Map(
    sessions.map(({ session_id, pid, host: on, liveness }) => {
      const isHere = pid !== null && on === host && liveness === 'alive'
      const terminal = isHere ? terminalOf(pid) : { tty: null, pane: null }
      return [session_id, { name: names.get(session_id) ?? null, ...terminal }]
    }),
  )
}

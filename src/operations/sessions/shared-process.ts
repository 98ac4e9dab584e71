/** Several sessions in one process: an agent after /clear, a server that works for many. */
import { isAmong, markShared } from '../../core/sessions/anchors.ts'
import type { Anchor } from '../../core/sessions/session.ts'
import { changeSession } from '../../store/sessions/change-session.ts'
import { readSession, sessionsAt } from '../../store/sessions/session-files.ts'
import type { Context } from '../context.ts'
import { fieldsOf } from './registration.ts'

/** The other open sessions for which this process has spoken. */
export function othersAt({ store }: Context, process: Anchor, id: string): string[] {
  const { host, stateDir } = store
  return sessionsAt(host.disk, stateDir, process).filter(other => {
    const session = other === id ? undefined : readSession(host.disk, stateDir, other)
    return session !== undefined && !session.endedAt && isAmong(process, session.anchors)
  })
}

/** From now on the life of this process says nothing of them. */
export async function markOthersShared({ store }: Context, process: Anchor, others: string[]): Promise<void> {
  for (const id of others)
    await changeSession(store.host, store.stateDir, id, session => {
      const isOpen = session && !session.endedAt && isAmong(process, session.anchors)
      const next = isOpen ? { ...fieldsOf(session), anchors: markShared(session.anchors, process) } : null
      return { next, event: null, result: undefined }
    })
}

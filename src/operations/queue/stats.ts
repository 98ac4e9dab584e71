/** The work of a queue in numbers, from the event log. */
import { type Statistics, statisticsOf } from '../../core/log/statistics.ts'
import { AGENTS, listedSession } from '../../core/sessions/session.ts'
import { readEvents } from '../../store/log/read-log.ts'
import { localDay } from '../../system/clock.ts'
import type { Context } from '../context.ts'
import { resolveCaller } from '../sessions/caller.ts'

/**
 * @param since only events from then on; null: all that are kept
 * @throws WrkError IO
 */
export async function stats(context: Context, since: Date | null): Promise<Statistics> {
  const { store, clock } = context
  const { registry } = await resolveCaller(context)
  const agentOf = (session: string) =>
    listedSession(registry, session)?.agent ??
    AGENTS.find(agent => session.startsWith(`${agent}-`)) ??
    'other'
  const events = readEvents(store.host.disk, store.stateDir)
  return statisticsOf(events, { since, now: clock(), dayOf: localDay, agentOf })
}

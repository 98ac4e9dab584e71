/**
 * The values of `wrk status --format`: only what the template names is looked up. Prompts and status lines ask every few
 * seconds, for as long as their terminal is open, so asking is no heartbeat.
 */
import { choose } from '../../core/items/next.ts'
import { judgeSession } from '../../core/sessions/liveness.ts'
import { belongsTo, sessionsIn } from '../../core/sessions/session.ts'
import type { StatusWord } from '../../core/sessions/status-template.ts'
import { readEvents } from '../../store/log/read-log.ts'
import { sessionJudge } from '../claims/holder.ts'
import type { Context } from '../context.ts'
import { candidates, placeAndTime } from '../items/queries/candidates.ts'
import { lookForCaller } from './caller.ts'

const DAY_MS = 24 * 3600 * 1000
const OF_ITEMS: readonly StatusWord[] = ['mine', 'ready', 'held', 'orphaned', 'stale']

/** @throws WrkError IO */
export async function statusValues(
  context: Context,
  words: ReadonlySet<StatusWord>,
): Promise<Partial<Record<StatusWord, string>>> {
  const { store } = context
  const now = context.clock()
  const view = await lookForCaller(context)
  const { registry, caller } = view
  const values: Partial<Record<StatusWord, string>> = { session: caller?.session ?? '' }
  if (words.has('sessions')) {
    const judge = sessionJudge(store, registry)
    const living = sessionsIn(registry).filter(one => judgeSession(one, judge).verdict === 'alive')
    values.sessions = `${living.length}`
  }
  if (words.has('refusals')) {
    const since = now.getTime() - DAY_MS
    const refused = readEvents(store.host.disk, store.stateDir).filter(
      ({ type, time }) => type === 'refused' && Date.parse(time) >= since,
    )
    values.refusals = `${refused.length}`
  }
  if (OF_ITEMS.some(word => words.has(word))) {
    const all = await candidates(context, 'choosing', view)
    const items = all.filter(({ closed }) => !closed)
    const held = items.filter(({ lockedBy }) => lockedBy !== null)
    const mine = held.filter(({ lockedBy }) => caller && belongsTo(lockedBy!, caller.session))
    values.mine = mine.map(({ id }) => id).join(' ')
    values.held = `${held.length}`
    values.stale = `${held.filter(({ liveness }) => liveness === 'dead' || liveness === 'stale').length}`
    values.orphaned = `${items.filter(({ left }) => left).length}`
    // What an item waits for may be among those that are closed.
    if (words.has('ready')) values.ready = `${choose(all, placeAndTime(context)).ready.length}`
  }
  return values
}

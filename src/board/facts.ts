/** Which queue a board shows, and what is in place around it: looked up once, when the board starts. */
import { basename } from 'node:path'
import type { Context } from '../operations/context.ts'
import { hooksInstalled } from '../operations/hooks/commit-hooks.ts'
import { PRIORITIES } from '../operations/items/new.ts'
import { placeAndTime } from '../operations/items/queries/candidates.ts'
import { where } from '../operations/queue/where.ts'
import type { QueueFacts } from './protocol.ts'

/** See `calm` in operations/watch/watch.ts. */
const POLL_SECONDS = 10

/** @param sessionId the session that the board acts as; null where it only shows */
export async function queueFacts(context: Context, sessionId: string | null): Promise<QueueFacts> {
  const { queue, via, settings } = await where(context)
  const workspace = queue.replace(/[/\\]\.claude[/\\]work-queue$/, '')
  return {
    name: basename(workspace),
    path: queue,
    via,
    id_prefix: settings.id_prefix,
    ttl_seconds: settings.ttl_seconds,
    takeover: settings.takeover,
    version: WRK_VERSION,
    hooks: hooksInstalled(queue),
    coordination: context.store.settings.isCoordinated
      ? 'claims hold for all clones (wrk coordination status)'
      : null,
    host: placeAndTime(context).machines[0] ?? '',
    poll_seconds: POLL_SECONDS,
    priorities: PRIORITIES,
    acts: sessionId !== null,
    session_id: sessionId ?? '',
  }
}

/** What the hooks of an agent do with its session: it begins, is alive, ends. */
import { appendFileSync, readFileSync } from 'node:fs'
import type { AgentAdapter } from '../../core/agents/agent-event.ts'
import { environmentLine } from '../../core/agents/environment-line.ts'
import { MISSING, unless } from '../../core/errno.ts'
import { isAmong } from '../../core/sessions/anchors.ts'
import { belongsTo, sessionsIn } from '../../core/sessions/session.ts'
import { readItems } from '../../store/items/item-reader.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import { claimsOf, supersededClaims } from '../claims/lost-claims.ts'
import { releaseAll } from '../claims/release-many.ts'
import { type Context, currentRegistry } from '../context.ts'
import { callingProcess, register } from '../sessions/caller.ts'
import { asSession, markEnded } from '../sessions/session.ts'
import { type HookEnvironment, type HookResult, NOTHING } from './hook-result.ts'

interface Beginning {
  /** The same process went on from another session. */
  follows: boolean
  env: HookEnvironment
  until: number
}

export async function sessionBegins(
  context: Context,
  { name, environmentFile }: AgentAdapter,
  sessionId: string,
  { follows, env, until }: Beginning,
): Promise<HookResult> {
  if (follows) await endFormer(context, sessionId, until)
  const file = environmentFile && env[environmentFile]
  if (file) exportSession(file, sessionId)
  await register(context, { sessionId, provider: name, anchor: true, heartbeat: true })
  const lost = await supersededClaims(context, sessionId)
  const held = await readItems(context.store, placesOfClaims(context, sessionId))
  const items = held
    .filter(({ lock }) => lock && belongsTo(lock.by, sessionId))
    .map(({ item }) => ({ id: item.id, title: item.title }))
  return { kind: 'started', session: sessionId, queue: context.store.root, items, lost }
}

function exportSession(path: string, session: string): void {
  const present = unless(MISSING, '', () => readFileSync(path, 'utf8'))
  const line = environmentLine(present, session)
  if (line !== null) appendFileSync(path, line)
}

export async function stillThere(
  context: Context,
  { name }: AgentAdapter,
  sessionId: string,
): Promise<HookResult> {
  // One that has ended stays so: the event may be late, and /clear leaves a process that runs.
  await register(context, { sessionId, agent: name, onlyIfOpen: true })
  const lost = await supersededClaims(context, sessionId)
  return lost.length > 0 ? { kind: 'lost', lost } : NOTHING
}

/**
 * Ended first, so that its items are free for a claim even if there is no time left to release them; a session whose
 * process goes on (`/clear`) would keep them otherwise.
 */
export async function sessionEnds(context: Context, sessionId: string, until: number): Promise<void> {
  const registry = await currentRegistry(context)
  const session = registry.kind === 'registry' && registry.sessions.find(({ id }) => id === sessionId)
  if (!session || session.endedAt) return
  const { goesOnIn } = await markEnded(context, sessionId, { process: callingProcess(context) })
  if (goesOnIn) return
  for (const place of placesOfClaims(context, sessionId)) {
    if (performance.now() > until) return
    await releaseAll(context, asSession(sessionId), holder => belongsTo(holder, sessionId), {
      among: [place],
    })
  }
}

/**
 * After /clear and /resume the same process goes on under another id. The end of the former one should have been reported;
 * if it was not, it would refuse its own user what it held.
 */
async function endFormer(context: Context, sessionId: string, until: number): Promise<void> {
  const process = callingProcess(context)
  if (!process) return
  const former = sessionsIn(await currentRegistry(context)).filter(
    ({ id, endedAt, anchors }) => id !== sessionId && !endedAt && isAmong(process, anchors),
  )
  for (const { id } of former) await sessionEnds(context, id, until)
}

function placesOfClaims(context: Context, session: string) {
  const { store } = context
  const keys = new Set(claimsOf(context, session).map(({ key }) => key))
  return keys.size === 0 ? [] : placesOf(store.host.disk, store.root, ...keys)
}

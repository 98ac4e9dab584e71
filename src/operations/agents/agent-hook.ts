/**
 * What a hook of Claude Code does at each event.
 *
 * Guarantees: it decides nothing but a refusal, and that only on what it could read; it waits no longer than
 * `BUDGET_MS` for anything (its input, a guard that others hold), at a session's end a second; whatever goes wrong
 * ends in an error that the caller turns into "no decision".
 * Does not guarantee: that the shell does not write to an item; the commit hooks look at that.
 */
import { appendFileSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { type ClaudeEvent, environmentLine, parseClaudeEvent } from '../../core/agents/claude-hook.ts'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { hooklessCommits } from '../../core/hooks/hookless-commit.ts'
import { keyOfFileName } from '../../core/items/ids.ts'
import { isAmong } from '../../core/sessions/anchors.ts'
import { belongsTo, isSessionId, sessionsIn } from '../../core/sessions/session.ts'
import { readItems } from '../../store/items/item-reader.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import { readStdin } from '../../system/stdin.ts'
import { type HolderInfo, heldLock, holderInfo, judgeFor, lockState } from '../claims/holder.ts'
import { claimsOf, type Superseded, supersededClaims } from '../claims/lost-claims.ts'
import { releaseAll } from '../claims/release-many.ts'
import { type Context, currentRegistry, openContext } from '../context.ts'
import { hooksInstalled } from '../hooks/commit-hooks.ts'
import { callingProcess, register } from '../sessions/caller.ts'
import { asSession, markEnded } from '../sessions/session.ts'

export type HookResult =
  | { kind: 'nothing' }
  | {
      kind: 'started'
      session: string
      queue: string
      items: { id: string; title: string }[]
      lost: Superseded[]
    }
  | { kind: 'lost'; event: string; lost: Superseded[] }
  | { kind: 'held'; id: string; holder: HolderInfo; now: Date }
  | { kind: 'hookless'; by: string }

const NOTHING: HookResult = { kind: 'nothing' }

/** How long a hook may wait in all: for its input, and for guards that others hold. */
const BUDGET_MS = 120
/**
 * At a session's end, when nobody waits for the agent any more. Claude Code ends its hooks after 1.5 s
 * (https://code.claude.com/docs/en/hooks#sessionend).
 */
const BUDGET_AT_END_MS = 1000
/** A tool's result may be large; what is larger is not looked at. */
const LONGEST_INPUT = 16 * 1024 * 1024

type Environment = Readonly<Record<string, string | undefined>>

/** Reads an event from stdin and acts on it. @throws WrkError, system errors */
export async function claudeHook(env: Environment, cwd: string): Promise<HookResult> {
  const since = performance.now()
  const text = await readStdin(LONGEST_INPUT, BUDGET_MS - 20)
  return actOn(text ?? '', env, cwd, since)
}

/** The same for an input that was read before. */
export async function actOn(
  text: string,
  env: Environment,
  cwd: string,
  since = performance.now(),
): Promise<HookResult> {
  const event = parseClaudeEvent(text)
  if (!event) return NOTHING
  const folder = resolve(cwd, event.cwd ?? env.CLAUDE_PROJECT_DIR ?? '.')
  // Under `wrk execute` the wrapper's session works, sends heartbeats and releases; there is nothing to do for it.
  const wrapper = env.WRK_RUN_ID && isSessionId(env.WRK_SESSION_ID ?? '') ? env.WRK_SESSION_ID! : null
  const session = wrapper ?? event.session
  if (event.name === 'PreToolUse') return beforeTool(event, session, folder, env)
  if (wrapper) return NOTHING

  const until = since + (event.name === 'SessionEnd' ? BUDGET_AT_END_MS : BUDGET_MS)
  let result = NOTHING
  for (const context of await queuesOf(folder, env, until)) {
    const found = await seen(event, context, env, until)
    if (result.kind === 'nothing') result = found
  }
  return result
}

async function seen(
  { name, session, isSubagent, source }: ClaudeEvent,
  context: Context,
  env: Environment,
  until: number,
): Promise<HookResult> {
  switch (name) {
    case 'SessionStart':
      if (source === 'clear' || source === 'resume') await endFormer(context, session, until)
      return started(context, session, env)
    case 'UserPromptSubmit':
    case 'PostToolUse':
      return stillThere(context, session, name)
    case 'Stop':
      // The agent has answered; its session goes on, and so does its claim.
      await signOfLife(context, session)
      return NOTHING
    case 'SessionEnd':
      if (!isSubagent) await ended(context, session, until)
      return NOTHING
    default:
      return NOTHING
  }
}

/** The queue where the agent is now, and that of its project if it is another. @throws WrkError without one */
async function queuesOf(folder: string, env: Environment, until: number): Promise<Context[]> {
  const contexts: Context[] = []
  let none: unknown
  for (const cwd of new Set([folder, resolve(env.CLAUDE_PROJECT_DIR || folder)]))
    try {
      const context = await openBriefly({ cwd, env }, until)
      if (contexts.every(({ store }) => store.root !== context.store.root)) contexts.push(context)
    } catch (error) {
      if (!(error instanceof WrkError) || error.code !== 'NOT_FOUND') throw error
      none = error
    }
  if (contexts.length === 0) throw none
  return contexts
}

async function openBriefly(options: Parameters<typeof openContext>[0], until: number): Promise<Context> {
  const context = await openContext(options)
  const patienceMs = Math.max(10, until - performance.now())
  return { ...context, store: { ...context.store, host: { ...context.store.host, patienceMs } } }
}

function signOfLife(context: Context, sessionId: string) {
  // One that has ended stays so: the event may be late, and /clear leaves a process that runs.
  return register(context, { sessionId, agent: 'claude', onlyIfOpen: true })
}

// --- the session ----------------------------------------------------------------------------------------

async function started(context: Context, sessionId: string, env: Environment): Promise<HookResult> {
  if (env.CLAUDE_ENV_FILE) exportSession(env.CLAUDE_ENV_FILE, sessionId)
  await register(context, { sessionId, provider: 'claude', anchor: true, heartbeat: true })
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

async function stillThere(context: Context, sessionId: string, event: string): Promise<HookResult> {
  await signOfLife(context, sessionId)
  const lost = await supersededClaims(context, sessionId)
  return lost.length > 0 ? { kind: 'lost', event, lost } : NOTHING
}

/**
 * Ended first, so that its items are free for a claim even if there is no time left to release them; a session whose
 * process goes on (`/clear`) would keep them otherwise.
 */
async function ended(context: Context, sessionId: string, until: number): Promise<void> {
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
  for (const { id } of former) await ended(context, id, until)
}

function placesOfClaims(context: Context, session: string) {
  const { store } = context
  const keys = new Set(claimsOf(context, session).map(({ key }) => key))
  return keys.size === 0 ? [] : placesOf(store.host.disk, store.root, ...keys)
}

// --- refusals -------------------------------------------------------------------------------------------

async function beforeTool(
  { file, command }: ClaudeEvent,
  session: string,
  folder: string,
  env: Environment,
): Promise<HookResult> {
  if (file !== null) return heldByAnother(resolve(folder, file), session, env)
  if (command === null) return NOTHING
  const commit = hooklessCommits(command).find(({ folders }) => hooksInstalled(resolve(folder, ...folders)))
  return commit ? { kind: 'hookless', by: commit.by } : NOTHING
}

/** Whether the file is an item of a queue that a living session holds, or one that may live; but not this one. */
async function heldByAnother(named: string, session: string, env: Environment): Promise<HookResult> {
  const file = realPath(named)
  const key = keyOfFileName(basename(file))
  if (!key) return NOTHING
  const context = await openContext({ cwd: dirname(file), env })
  const { store, queue, clock } = context
  // The copy in a linked worktree is the same item.
  if (![store.root, queue.linked].some(root => root !== null && file.startsWith(root + sep))) return NOTHING
  const places = placesOf(store.host.disk, store.root, key)
  const own = places.filter(({ path }) => path === file)
  const registry = await currentRegistry(context)
  const now = clock()
  for (const reading of await readItems(store, own.length > 0 ? own : places)) {
    const { item } = reading
    const judge = judgeFor(store, () => registry, now)
    const held = heldLock(judge, reading)
    if (!held || belongsTo(held.lock.by, session)) continue
    const state = lockState(judge, held)
    if (state === 'alive' || state === 'unknown')
      return { kind: 'held', id: item.id, holder: holderInfo(judge, held), now }
  }
  return NOTHING
}

/** Without links; of a file that is not there yet, its folder's. */
function realPath(path: string): string {
  return unless(MISSING, null, () => realpathSync.native(path)) ?? inRealFolder(path)
}

function inRealFolder(path: string): string {
  const folder = unless(MISSING, null, () => realpathSync.native(dirname(path)))
  return folder === null ? path : join(folder, basename(path))
}

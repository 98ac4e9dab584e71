/** What a hook refuses before a tool runs: edits of items that others hold, and commits past wrk's git hooks. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import type { AgentAdapter, AgentEvent, AgentMoment } from '../../core/agents/agent-event.ts'
import { commandWithoutHelper } from '../../core/agents/helper-command.ts'
import { MISSING, unless } from '../../core/errno.ts'
import { WrkError } from '../../core/errors.ts'
import { hooklessCommits } from '../../core/hooks/hookless-commit.ts'
import { keyOfFileName } from '../../core/items/ids.ts'
import { belongsTo } from '../../core/sessions/session.ts'
import { readItems } from '../../store/items/item-reader.ts'
import { placesOf } from '../../store/items/places/item-places.ts'
import { heldLock, holderInfo, judgeFor, lockState } from '../claims/holder.ts'
import { currentRegistry, openContext } from '../context.ts'
import { hooksInstalled } from '../hooks/commit-hooks.ts'
import { type HookEnvironment, type HookResult, NOTHING } from './hook-result.ts'

type Own = Pick<AgentEvent, 'session' | 'helper'>

export async function beforeTool(
  { namesHelpersInShell }: AgentAdapter,
  { files, command }: AgentMoment & { kind: 'uses' },
  own: Own,
  folder: string,
  env: HookEnvironment,
): Promise<HookResult> {
  // One patch may touch many files: each is looked at.
  for (const file of files) {
    const held = await heldByAnother(resolve(folder, file), own, env)
    if (held.kind !== 'nothing') return held
  }
  if (command === null) return NOTHING
  const commit = hooklessCommits(command).find(({ folders }) => hooksInstalled(resolve(folder, ...folders)))
  if (commit) return { kind: 'hookless', by: commit.by }
  const { helper } = own
  const nameless = helper === null || namesHelpersInShell ? null : commandWithoutHelper(command)
  return nameless === null ? NOTHING : { kind: 'nameless', command: nameless, helper: helper! }
}

/** Whether the file is an item of a queue that a living session holds, or one that may live; but not this one. */
async function heldByAnother(named: string, own: Own, env: HookEnvironment): Promise<HookResult> {
  const file = realPath(named)
  const key = keyOfFileName(basename(file))
  if (!key) return NOTHING
  const context = await queueAround(dirname(file), env)
  if (!context) return NOTHING
  const { store, queue, clock } = context
  // The copy in a linked worktree is the same item.
  if (![store.root, queue.linked].some(root => root !== null && file.startsWith(root + sep))) return NOTHING
  const places = placesOf(store.host.disk, store.root, key)
  const itself = places.filter(({ path }) => path === file)
  const registry = await currentRegistry(context)
  const now = clock()
  for (const reading of await readItems(store, itself.length > 0 ? itself : places)) {
    const { item } = reading
    const judge = judgeFor(store, () => registry, now)
    const held = heldLock(judge, reading)
    if (!held || isOwn(held.lock.by, own)) continue
    const state = lockState(judge, held)
    if (state === 'alive' || state === 'unknown')
      return { kind: 'held', id: item.id, holder: holderInfo(judge, held), now }
  }
  return NOTHING
}

/**
 * A sub-agent works for its session, but not for another sub-agent of it; where the agent gives its shell an id of its own, it
 * holds by that.
 */
function isOwn(holder: string, { session, helper }: Own): boolean {
  if (helper === null) return belongsTo(holder, session)
  return holder === session || belongsTo(holder, `${session}/${helper}`) || belongsTo(holder, helper)
}

/** A file that only is called like an item, in no queue, is none of wrk's. */
async function queueAround(cwd: string, env: HookEnvironment) {
  try {
    return await openContext({ cwd, env })
  } catch (error) {
    if (error instanceof WrkError && error.code === 'NOT_FOUND') return null
    throw error
  }
}

/** Without links; of a file that is not there yet, its folder's. */
function realPath(path: string): string {
  return unless(MISSING, null, () => realpathSync.native(path)) ?? inRealFolder(path)
}

function inRealFolder(path: string): string {
  const folder = unless(MISSING, null, () => realpathSync.native(dirname(path)))
  return folder === null ? path : join(folder, basename(path))
}

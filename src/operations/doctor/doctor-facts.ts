/** Gathers what `wrk doctor` judges: the settings, the items, what is around them, and what crashes left. Reads only. */
import { missingFields } from '../../core/commits/form.ts'
import { unknownSettings } from '../../core/config.ts'
import type { Facts, ItemFacts } from '../../core/doctor/finding.ts'
import { isDependencyKey, readDetails, unreadableDate } from '../../core/items/details.ts'
import type { ItemKey } from '../../core/items/ids.ts'
import { knownRank } from '../../core/items/priority.ts'
import { judgeAnchor, type ProcessLook } from '../../core/sessions/liveness.ts'
import { type Registry, sessionOf } from '../../core/sessions/session.ts'
import { listWords } from '../../markdown/edit/list-words.ts'
import { placeInFile } from '../../markdown/frontmatter.ts'
import { findPair, scalarText } from '../../markdown/scalar.ts'
import { unwritableFolders, whyNotOurs } from '../../store/files/owner.ts'
import { areSame, bytesOf } from '../../store/items/item-copies.ts'
import { readQueue } from '../../store/items/item-reader.ts'
import type { ItemReading } from '../../store/items/item-reading.ts'
import { itemPlaces } from '../../store/items/places/item-places.ts'
import { notFolders, unseenItems } from '../../store/items/places/unseen-items.ts'
import { draftsIn, guardsIn, intentsIn, keptIn, movesIn, runsIn } from '../../store/leftovers.ts'
import { logState } from '../../store/log/log-repair.ts'
import { isFolder } from '../../store/queue.ts'
import type { Store } from '../../store/store.ts'
import type { AgentTexts } from '../agents/agent-files.ts'
import { heldLock, type ItemJudge, judgeForMany, leftWork } from '../claims/holder.ts'
import { type Context, readSettingsFile } from '../context.ts'
import { type Caller, resolveCaller } from '../sessions/caller.ts'
import { agentHookFacts } from './doctor-agents.ts'
import { gitFacts, type HookProgram } from './doctor-git.ts'

/** @throws WrkError IO; system errors */
export async function gatherFacts(context: Context, program: HookProgram, texts: AgentTexts): Promise<Facts> {
  const { store, clock } = context
  const { registry, caller } = await resolveCaller(context)
  const now = clock()
  const judge = judgeForMany(store, registry, now)
  const before = placesNow(store)
  const items = await readQueue(store, reading => itemFacts(store, judge, reading, caller), 'everything')
  return {
    now,
    ttlMs: store.settings.ttlMs,
    takeover: store.settings.takeover,
    root: store.root,
    items,
    // What is moved while all are listed may be missed once.
    known: new Set([...before, ...placesNow(store), ...items.map(({ key }) => key)]),
    identical: identical(store, items),
    notFolders: notFolders(store.host.disk, store.root),
    unseen: unseenItems(store.host.disk, store.root),
    unknownSettings: await unknownInFile(store),
    state: stateFacts(store, judge),
    agents: await agentHookFacts(context, texts),
    registry: registryFacts(store, registry),
    git: gitFacts(context, program),
  }
}

async function unknownInFile({ root }: Store): Promise<Facts['unknownSettings']> {
  const file = await readSettingsFile(root)
  if (!file) return []
  const { path, text, fields } = file
  const placeOf = (offset: number) => placeInFile({ yaml: text, firstLine: 1 }, offset)
  return unknownSettings(fields).map(({ offset, ...one }) => ({ ...one, path, ...placeOf(offset) }))
}

function placesNow({ host, root }: Store): ItemKey[] {
  return itemPlaces(host.disk, root).map(({ key }) => key)
}

function itemFacts(
  { host, settings }: Store,
  judge: ItemJudge,
  reading: ItemReading,
  caller: Caller | null,
): ItemFacts {
  const { item, place, lock, problems, found } = reading
  const held = heldLock(judge, reading)
  const { key, folder, name, path } = place
  const session = lock && sessionOf(lock.by, judge.registry)
  const noDate = found && unreadableDate(found.map)
  return {
    key,
    id: item.id,
    folder,
    name,
    path,
    status: item.status,
    closed: item.closed,
    problems,
    held,
    left: leftWork(judge, reading, held),
    linesDiffer: reading.byRecord
      ? reading.takenOut
      : reading.record !== null && reading.inFile !== null && !lock,
    ended: Boolean(session?.endedAt),
    mine: lock !== null && lock.by === caller?.holder,
    notOurs: whyNotOurs(host.disk, path),
    completed: found ? scalarText(findPair(found.map, 'completed_at')?.value) : undefined,
    missing: found ? missingFields(found) : [],
    noDate: noDate ? { key: noDate.key, ...placeInFile(found.split, noDate.keyStart) } : null,
    oddPriority: found ? oddPriority(found) : null,
    blockedBy: found ? readDetails(found.map, settings.idPrefix).blockedBy : [],
    blockedByAt: dependenciesAt(found),
  }
}

function oddPriority({ map, split }: NonNullable<ItemReading['found']>): ItemFacts['oddPriority'] {
  const pair = findPair(map, 'priority')
  const [word] = pair ? listWords(pair.value) : []
  if (!pair || word === undefined || knownRank(word) !== null) return null
  return { word, ...placeInFile(split, pair.keyStart) }
}

/** The place of the first key that says what an item waits for. */
function dependenciesAt(found: ItemReading['found']): { line: number; column: number } {
  const pair = found?.map.pairs.find(({ key }) => isDependencyKey(key))
  return found && pair ? placeInFile(found.split, pair.keyStart) : { line: 0, column: 0 }
}

/** Of the ids in several places: those with identical files. */
function identical({ host }: Store, items: readonly ItemFacts[]): Set<ItemKey> {
  const paths = new Map<ItemKey, string[]>()
  for (const { key, path } of items) paths.set(key, [...(paths.get(key) ?? []), path])
  const same = new Set<ItemKey>()
  for (const [key, copies] of paths)
    if (copies.length > 1 && areSame(copies.map(path => bytesOf(host.disk, path)))) same.add(key)
  return same
}

function stateFacts({ host, stateDir }: Store, judge: ItemJudge): Facts['state'] {
  const { disk } = host
  const real = Date.now()
  const aged = <T extends { modified: Date }>({ modified, ...trace }: T) => ({
    ...trace,
    ageMs: Math.max(0, real - modified.getTime()),
  })
  const none = { guards: [], drafts: [], runs: [], intents: [], moves: [], kept: [], unwritable: [] }
  if (!isFolder(stateDir)) return { ...none, log: { path: stateDir, state: 'whole', ageMs: 0 } }
  return {
    guards: guardsIn(host, stateDir).map(aged),
    drafts: draftsIn(host, stateDir).map(aged),
    runs: runsIn(disk, stateDir).map(trace => ({
      ...aged(trace),
      dead: trace.run !== null && isOver(trace.run.process, judge),
    })),
    intents: intentsIn(host, stateDir).map(aged),
    moves: movesIn(disk, stateDir).map(aged),
    kept: keptIn(disk, stateDir),
    unwritable: unwritableFolders(disk, stateDir),
    log: aged(logState(disk, stateDir)),
  }
}

export function isOver(
  process: Parameters<typeof judgeAnchor>[0],
  at: { here: ItemJudge['here']; look: (pid: number) => ProcessLook },
): boolean {
  return judgeAnchor(process, at).verdict === 'dead'
}

function registryFacts(store: Store, found: Registry): Facts['registry'] {
  const { path } = store.registry
  return { path, notOurs: whyNotOurs(store.host.disk, path), broken: brokenRegistry(store, found) }
}

function brokenRegistry({ host, registry }: Store, found: Registry): Facts['registry']['broken'] {
  if (found.kind !== 'unreadable') return null
  const { message, line, column } = found
  return { message, line, column, isText: bytesOf(host.disk, registry.path) !== null }
}

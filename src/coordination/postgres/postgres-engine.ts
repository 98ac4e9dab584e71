/**
 * Claims decided by a PostgreSQL database: a row for each item, changed by an UPDATE that names the epoch and the
 * revision that were read. A claim is two statements once connected, however many records there are.
 */

import { parseSharedRecord, sharedRecordText } from '../../core/coordination/record.ts'
import type { EntryKey } from '../../core/coordination/ref-name.ts'
import { WrkError } from '../../core/errors.ts'
import { sleep } from '../../system/clock.ts'
import type { Engine, EntryChange, SharedEntry, Swap } from '../engine.ts'
import { type Attempt, settleSwap } from '../settle-swap.ts'
import { type Connection, connectionTo, type Notification } from './connection.ts'
import * as sql from './statements.ts'

export interface PostgresEngineOptions {
  /** postgres://…, as the environment variable holds it. */
  url: string
  /** The variable's name, for messages. */
  where: string
  queue: string
  deadlineMs?: number | undefined
}

interface Row {
  name: string
  kind: EntryKey['kind']
  revision: string
  record: string
}

const DEADLINE_MS = 10_000

export function openPostgresEngine(options: PostgresEngineOptions): Engine {
  const { queue, where } = options
  const database = connectionTo({ url: options.url, where, deadlineMs: options.deadlineMs ?? DEADLINE_MS })

  const read = async ({ kind, name }: EntryKey): Promise<SharedEntry | null> => {
    const { rows } = await database.query<Row>(sql.READ, [queue, kind, name])
    return rows[0] ? entryOf(rows[0]) : null
  }

  const compareAndSwap = (change: EntryChange, first?: Attempt): Promise<Swap> =>
    settleSwap(
      change,
      { attempt: one => attemptChange(database, queue, one), read: () => read(change.key), revisionOf },
      first,
    )

  return {
    where,
    read,
    revisionOf,
    compareAndSwap: change => compareAndSwap(change),
    async compareAndSwapAll(changes) {
      const known = changes.filter(({ expected }) => expected !== null)
      const answers = await attemptAll(database, queue, known)
      const swaps: Swap[] = []
      for (const change of changes) swaps.push(await compareAndSwap(change, answers[known.indexOf(change)]))
      return swaps
    },
    async list() {
      const { rows } = await database.query<Row>(sql.LIST, [queue])
      return rows.map(entryOf)
    },
    watch: signal => changesOf(database, queue, signal),
    async now() {
      const { rows } = await database.query<{ now: Date }>(sql.NOW)
      return rows[0]!.now
    },
    prepare: () => setUp(database),
    async remove({ key, revision }) {
      await database.query(sql.REMOVE, [queue, key.kind, key.name, revision])
    },
    close: () => database.close(),
  }
}

/** A write's nonce names it, whoever wrote before. */
const revisionOf = ({ record }: EntryChange): string => record.nonce

function entryOf({ name, kind, revision, record }: Row): SharedEntry {
  return { key: { kind, name }, revision, reading: parseSharedRecord(record) }
}

const valuesOf = ({ record }: EntryChange): unknown[] => [
  record.epoch,
  record.nonce,
  record.state,
  sharedRecordText(record),
]

const oldEpoch = ({ expected }: EntryChange): number | null =>
  expected?.reading.kind === 'record' ? expected.reading.record.epoch : null

async function attemptChange(database: Connection, queue: string, change: EntryChange): Promise<Attempt> {
  const { key, expected } = change
  const values = [queue, key.kind, key.name, ...valuesOf(change)]
  return answered(async () => {
    const { count } =
      expected === null
        ? await database.query(sql.CREATE, values)
        : await database.query(sql.CHANGE, [...values, oldEpoch(change), expected.revision])
    return count === 1 ? APPLIED : CHANGED
  })
}

async function attemptAll(
  database: Connection,
  queue: string,
  changes: readonly EntryChange[],
): Promise<Attempt[]> {
  if (changes.length === 0) return []
  const columns = changes.map(change => [
    change.key.kind,
    change.key.name,
    ...valuesOf(change),
    oldEpoch(change),
    change.expected!.revision,
  ])
  const arrays = columns[0]!.map((_, column) => columns.map(row => row[column]))
  let changed: Set<string> | undefined
  const answer = await answered(async () => {
    const { rows } = await database.query<Pick<Row, 'kind' | 'name'>>(sql.CHANGE_ALL, [queue, ...arrays])
    changed = new Set(rows.map(({ kind, name }) => `${kind}/${name}`))
    return APPLIED
  })
  return changes.map(({ key }) => {
    if (!changed) return answer
    return changed.has(`${key.kind}/${key.name}`) ? APPLIED : CHANGED
  })
}

const APPLIED: Attempt = { kind: 'applied' }
/** No row was as expected; with the one that is there, reading back says who holds it. */
const CHANGED: Attempt = { kind: 'rejected', reason: 'the record is not as it was read', passing: false }

async function answered(act: () => Promise<Attempt>): Promise<Attempt> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof WrkError)) throw error
    // Without an answer, the statement may have been carried out.
    if (error.code === 'UNREACHABLE') return { kind: 'unknown', reason: error.message }
    if (error.code !== 'FAILED' || error.details.sqlstate === '42P01') throw error
    return { kind: 'rejected', reason: error.message, passing: false }
  }
}

const SET_UP_TRIES = 5

/** Two that set up at the same moment trip over each other's names; the later one finds all of it there. */
async function setUp(database: Connection): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await database.query(sql.SET_UP)
      return
    } catch (error) {
      if (!(error instanceof WrkError)) throw error
      const isRace = ['23505', '42P06', '42P07', '42710', 'XX000'].includes(String(error.details.sqlstate))
      if (!isRace || tries === SET_UP_TRIES) throw error
      await sleep(50 * tries)
    }
}

async function* changesOf(database: Connection, queue: string, signal: AbortSignal): AsyncGenerator<void> {
  const client = await database.client()
  let wake: () => void = () => undefined
  let isChanged = false
  let isBroken = false
  const ring = (): void => {
    wake()
    wake = () => undefined
  }
  const hear = ({ payload }: Notification): void => {
    if (payload !== queue) return
    isChanged = true
    ring()
  }
  const breakOff = (): void => {
    isBroken = true
    ring()
  }
  client.on('notification', hear)
  client.on('end', breakOff)
  signal.addEventListener('abort', ring)
  try {
    await client.query(sql.LISTEN)
    while (!signal.aborted && !isBroken) {
      if (!isChanged)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      if (signal.aborted || isBroken) return
      isChanged = false
      yield
    }
  } finally {
    client.off('notification', hear)
    client.off('end', breakOff)
    signal.removeEventListener('abort', ring)
  }
}

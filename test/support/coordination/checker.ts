/**
 * Checks what clients believed against what a bare repository recorded: its reflog holds every state that every ref
 * ever had (core.logAllRefUpdates=always). As Jepsen keeps histories: `ok` happened, `fail` did not, `info` may have.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordInMessage } from '../../../src/coordination/git/claim-commit.ts'
import type { SharedRecord } from '../../../src/core/coordination/record.ts'
import { git } from './servers.ts'

/** One try of a client to write a record. */
export interface Operation {
  nonce: string
  outcome: 'ok' | 'fail' | 'info'
}

interface Write {
  ref: string
  from: string
  to: string
  parents: readonly string[]
  record: SharedRecord | null
}

const NONE = /^0+$/

/** All changes of refs of claims, each with the record that it wrote, in the order of each ref. */
export function writesOf(bare: string): Write[] {
  const logs = join(bare, 'logs/refs/wrk/claims')
  if (!existsSync(logs)) return []
  const commits = commitsOf(bare)
  return readdirSync(logs, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .flatMap(entry => {
      const path = join(entry.parentPath, entry.name)
      const ref = path.slice(path.indexOf('logs/') + 'logs/'.length)
      return readFileSync(path, 'utf8')
        .split('\n')
        .filter(line => line !== '')
        .map(line => {
          const [from, to] = line.split(' ') as [string, string]
          const commit = commits.get(to)
          return { ref, from, to, parents: commit?.parents ?? [], record: commit?.record ?? null }
        })
    })
}

function commitsOf(bare: string): Map<string, { parents: string[]; record: SharedRecord | null }> {
  const output = git(bare, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname) %(objecttype)')
  const ids = output.split('\n').flatMap(line => (line.endsWith(' commit') ? [line.split(' ')[0]!] : []))
  const found = new Map<string, { parents: string[]; record: SharedRecord | null }>()
  if (ids.length === 0) return found
  for (let i = 0; i < ids.length; i += 500) {
    const log = git(
      bare,
      'log',
      '--no-walk=unsorted',
      '--format=%H%x00%P%x00%B%x01',
      ...ids.slice(i, i + 500),
    )
    for (const entry of log.split('\x01')) {
      const [id, parents, message] = entry.replace(/^\n/, '').split('\0')
      if (!id || message === undefined) continue
      const reading = recordInMessage(message)
      const record = reading.kind === 'record' ? reading.record : null
      found.set(id, { parents: (parents ?? '').split(' ').filter(Boolean), record })
    }
  }
  return found
}

/** What is wrong, in sentences; nothing when all is as it should be. */
export function violations(bare: string, operations: readonly Operation[]): string[] {
  const wrong: string[] = []
  const writes = writesOf(bare)
  const last = new Map<string, Write>()
  const written = new Set<string>()
  for (const write of writes) {
    const { ref, from, to, parents, record } = write
    const before = last.get(ref)
    if (before && before.to !== from) wrong.push(`${ref}: ${to} follows ${from}, but ${before.to} was there`)
    if (!NONE.test(to)) {
      if (!record) wrong.push(`${ref}: ${to} holds no record`)
      if (!NONE.test(from) && parents[0] !== from)
        wrong.push(`${ref}: ${to} replaces ${from} but names ${parents[0]}`)
      if (record && written.has(record.nonce)) wrong.push(`${ref}: ${record.nonce} was written twice`)
      if (record) written.add(record.nonce)
      const old = before?.record
      if (record && old) {
        if (record.epoch < old.epoch)
          wrong.push(`${ref}: the epoch fell from ${old.epoch} to ${record.epoch}`)
        const isTaken = record.state === 'held' && old.state === 'held' && record.session !== old.session
        if (isTaken && record.epoch <= old.epoch)
          wrong.push(`${ref}: ${record.session} took over at epoch ${record.epoch}`)
      }
    }
    last.set(ref, NONE.test(to) && before ? { ...write, record: before.record } : write)
  }
  for (const { nonce, outcome } of operations) {
    if (outcome === 'ok' && !written.has(nonce)) wrong.push(`${nonce} was ok and is not there`)
    if (outcome === 'fail' && written.has(nonce)) wrong.push(`${nonce} failed and is there`)
  }
  return wrong
}

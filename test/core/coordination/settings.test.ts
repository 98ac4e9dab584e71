/** The coordination setting, and the names of refs. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  archiveRefOf,
  decodeName,
  encodeName,
  keyOfRef,
  refOf,
} from '../../../src/core/coordination/ref-name.ts'
import { readCoordination } from '../../../src/core/coordination/settings.ts'
import { readPlain } from '../../../src/markdown/read/plain.ts'

const read = (text: string) => readCoordination(readPlain(text)!)

describe('the coordination setting', () => {
  test('is off when it is not there or empty', () => {
    expect(read('ttl: 2h\n')).toEqual({ kind: 'off' })
    expect(read('coordination:\nttl: 2h\n')).toEqual({ kind: 'off' })
  })

  test('names engine, remote and what to do offline', () => {
    expect(read('coordination:\n  engine: git\n  remote: origin\n')).toEqual({
      kind: 'on',
      settings: { engine: 'git', remote: 'origin', offline: 'refuse', queue: null },
    })
    expect(
      read('coordination:\n  engine: postgres\n  remote: WRK_DB\n  offline: local\n  queue: shop/queue\n'),
    ).toMatchObject({
      settings: { engine: 'postgres', remote: 'WRK_DB', offline: 'local', queue: 'shop/queue' },
    })
  })

  test.each([
    ['coordination: git\n', 'coordination'],
    ['coordination:\n  engine: raft\n  remote: origin\n', 'coordination.engine'],
    ['coordination:\n  engine: git\n', 'coordination.remote'],
    ['coordination:\n  engine: git\n  remote: "--upload-pack=touch"\n', 'coordination.remote'],
    ['coordination:\n  engine: git\n  remote: "ext::sh -c date"\n', 'coordination.remote'],
    ['coordination:\n  engine: postgres\n  remote: postgres://u:p@h/db\n', 'coordination.remote'],
    ['coordination:\n  engine: git\n  remote: origin\n  offline: maybe\n', 'coordination.offline'],
    ['coordination:\n  engine: git\n  remote: origin\n  ofline: local\n', 'coordination.ofline'],
    ['coordination:\n  engine: git\n  remote: origin\n  queue: a b\n', 'coordination.queue'],
  ])('%j is an error, never "off"', (text, key) => {
    expect(read(text)).toMatchObject({ kind: 'wrong', key })
  })
})

describe('names of refs', () => {
  test('are percent-encoded, one component each', () => {
    expect(refOf('.claude/work-queue', { kind: 'claims', name: 'workspace.hub-1311' })).toBe(
      'refs/wrk/claims/%2Eclaude%2Fwork-queue/workspace%2Ehub-1311',
    )
    expect(archiveRefOf('q.lock')).toBe('refs/wrk/archive/q%2Elock/closed')
  })

  test('lead back to the key, each to its own', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.constantFrom('claims', 'locks'),
        (name, kind) => {
          fc.pre(name.isWellFormed())
          expect(encodeName(name)).toMatch(/^[A-Za-z0-9_%-]+$/)
          expect(keyOfRef('q/x', refOf('q/x', { kind, name }))).toEqual({ kind, name })
        },
      ),
    )
  })

  test.each([
    'refs/heads/main',
    'refs/wrk/claims/other/wrk-1',
    'refs/wrk/claims/q/wrk-1/deeper',
    'refs/wrk/claims/q',
    'refs/wrk/archive/q/closed',
    'refs/wrk/claims/q/wrk%2D1',
    'refs/wrk/claims/q/%zz',
  ])('%s is not a claim of this queue', ref => {
    expect(keyOfRef('q', ref)).toBeNull()
  })

  test('what encoding never gives is not a name', () => {
    expect(decodeName('a%2')).toBeNull()
    expect(decodeName('%C3')).toBeNull()
    expect(decodeName('')).toBeNull()
  })
})

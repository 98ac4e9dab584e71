/** The names of guards, and when the process of a name is gone. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { shortHash } from '../../src/core/hash.ts'
import type { ProcessLook } from '../../src/core/sessions/liveness.ts'
import { type Disk, realDisk } from '../../src/store/files/disk.ts'
import { type GuardHost, revokeDead, withGuard } from '../../src/store/files/guard.ts'
import { isOwnerDead } from '../../src/store/files/guard-owner.ts'
import {
  failure,
  hostOf,
  KEY,
  MARK,
  PLACE,
  RUNNING,
  SELF,
  stateFolder,
  stopClock,
} from './guard-alone.shared.ts'

const nameOf = async (host: GuardHost) => withGuard(host, stateFolder().stateDir, KEY, guard => guard.name)

const LIVING = `4242.81423977.9f3c1a2b.4026531836.${MARK}.rrrrrrrr0`

describe('a guard’s name', () => {
  test('has pid, start time, boot, pid namespace and host, and is never used twice', async () => {
    const [one, two] = [await nameOf(hostOf()), await nameOf(hostOf())]
    const known = `4242.81423977.9f3c1a2b.4026531836.${MARK}.rrrrrrrr`
    expect([one.startsWith(known), two.startsWith(known)]).toEqual([true, true])
    expect(one.split('.')).toHaveLength(6)
    expect(one).not.toBe(two)
  })

  test('has a 0 for what the system does not say', async () => {
    const self = { ...SELF, place: { host: 'devbox', boot: '', pidns: '' } }
    expect(await nameOf(hostOf({ self }))).toContain('4242.81423977.0.0.')
  })

  const RENAMED = LIVING.replace(MARK, shortHash('old-name m1'))
  const OTHER = LIVING.replace(MARK, shortHash('devbox m2'))
  test.each<[what: string, dead: boolean, name: string, look: ProcessLook]>([
    ['there', false, LIVING, RUNNING],
    ['gone', true, LIVING, { kind: 'gone' }],
    ['a zombie', true, LIVING, { kind: 'zombie' }],
    ['another of the same pid', true, LIVING, { kind: 'running', started: '9' }],
    ['hidden', false, LIVING, { kind: 'unknown', why: '' }],
    ['of another boot', true, LIVING.replace('9f3c1a2b', '00000000'), RUNNING],
    ['of another boot, on another machine of that name', false, OTHER.replace('9f3c1a2b', '0a0a'), RUNNING],
    ['of an unknown boot', false, LIVING.replace('9f3c1a2b', '0'), RUNNING],
    ['in another pid namespace', false, LIVING.replace('4026531836', '1'), { kind: 'gone' }],
    ['gone, when the host had another name', true, RENAMED, { kind: 'gone' }],
    ['there, when the host had another name', false, RENAMED, RUNNING],
    ['on another host and boot', false, RENAMED.replace('9f3c1a2b', '0'), RUNNING],
    ['on another host and namespace', false, RENAMED.replace('4026531836', '1'), { kind: 'gone' }],
    ['of no known form', false, 'editor.swp', { kind: 'gone' }],
    ['of too few parts', false, LIVING.slice(0, LIVING.lastIndexOf('.')), { kind: 'gone' }],
    ['without a pid', false, LIVING.replace('4242', ''), { kind: 'gone' }],
    ['of a malformed pid', false, LIVING.replace('4242', 'x42'), { kind: 'gone' }],
    ['of another malformed pid', false, LIVING.replace('4242', '42x'), { kind: 'gone' }],
  ])('of a process that is %s: dead %s', (_, dead, name, look) => {
    expect(isOwnerDead(hostOf({ look: () => look }), name)).toBe(dead)
  })

  test('of another boot is not dead where machines of one name cannot be distinguished', () => {
    const { machine: _, ...place } = PLACE
    const name = LIVING.replace('9f3c1a2b', '0a0a').replace(MARK, shortHash('devbox'))
    expect(isOwnerDead(hostOf({ self: { ...SELF, place } }), name)).toBe(false)
  })

  test('holds host names as FNV-1a has them', () => {
    const known = { '': '811c9dc5', a: 'e40c292c', foobar: 'bf9cf968' }
    for (const text of ['', 'a', 'foobar'] as const) expect(shortHash(text)).toBe(known[text])
    for (let i = 0; i < 5000; i++) expect(shortHash(`host-${i}`)).toMatch(/^[0-9a-f]{8}$/)
  })
})

describe('the holder that is in the way', () => {
  test.each([
    ['living', LIVING, 29_000, false],
    ['living, for too long', LIVING, 30_000, true],
    ['of another boot', LIVING.replace('9f3c1a2b', '0a0a'), 0, true],
    ['no guard’s name', 'editor.swp', 29_000, false],
    ['no guard’s name, for too long', 'editor.swp', 31_000, true],
    ['living, its clock ahead', LIVING, -3_600_000, false],
  ])('is %s', (_, name, age, revoked) => {
    const { occupy, dir } = stateFolder()
    stopClock()
    const slot = occupy(name, age)
    expect(revokeDead(hostOf(), dir)).toBe(revoked)
    expect(existsSync(slot)).toBe(!revoked)
  })

  test('may have gone, or be revoked by another, at any moment', () => {
    const { stateDir, dir, occupy } = stateFolder()
    expect(revokeDead(hostOf(), join(stateDir, 'guards', 'nobody'))).toBe(true)
    mkdirSync(dir)
    expect(revokeDead(hostOf(), dir)).toBe(true)
    occupy(LIVING)
    const lstatSync = (() => {
      throw failure('ENOENT')
    }) as unknown as Disk['lstatSync']
    // Unseen, it has no age; the next attempt finds the guard free.
    expect(revokeDead(hostOf({ disk: { ...realDisk, lstatSync } }), dir)).toBe(false)
    const unlinkSync = () => {
      throw failure('ENOENT')
    }
    const host = hostOf({ disk: { ...realDisk, unlinkSync }, look: () => ({ kind: 'gone' }) })
    expect(revokeDead(host, dir)).toBe(true)
    const forbidden = hostOf({
      look: () => ({ kind: 'gone' }),
      disk: {
        ...realDisk,
        unlinkSync: () => {
          throw failure('EACCES')
        },
      },
    })
    expect(() => revokeDead(forbidden, dir)).toThrow('EACCES')
  })
})

/**
 * A claim changes the two lock lines and nothing else: on every form in fixtures/queue and, where
 * WRK_CORPUS names some, on hundreds of real files. What is expected is worked out here from the lines of the
 * file, not by the code that is tested.
 */
import { chmodSync, chownSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { ROOT } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import {
  CLOSED,
  copyOfFixtures,
  expectLossless,
  expectSame,
  FIXTURES,
  filesBelow,
  IS_ROOT,
  idOf,
  NOW,
  OPEN,
  withLock,
} from './lossless.shared.ts'

/** With the place that the message names. */
const REFUSED: Record<string, string> = {
  'blocked/WRK-221.md': '7:1',
  'pending/WRK-260.md': '2:1',
  'pending/WRK-262.md': '1:1',
  'pending/WRK-263.md': '1:4',
  'pending/WRK-264.md': '6:1',
  'pending/WRK-265.md': '3:1',
}
const AMBIGUOUS = ['archive/2026-01/WRK-241.md', 'pending/WRK-241.md']

test('the example queue holds the items that these tests know, and its bytes are as they were made', () => {
  const known = [...OPEN, ...CLOSED, ...Object.keys(REFUSED), ...AMBIGUOUS, 'INDEX.md'].sort()
  expect(filesBelow(FIXTURES)).toEqual(known)
  const bytes = (path: string) => readFileSync(join(FIXTURES, path), 'latin1')
  expect(bytes('pending/WRK-201.md')).toContain('---\r\nid: WRK-201\r\n')
  expect(bytes('pending/WRK-201.md').replaceAll('\r\n', '')).not.toContain('\n')
  expect(bytes('pending/WRK-202.md').startsWith('\xef\xbb\xbf---\n')).toBe(true)
  expect(bytes('pending/WRK-203.md').endsWith('\n---')).toBe(true)
  expect(bytes('pending/WRK-204.md').endsWith('\n')).toBe(false)
  const readme = readFileSync(join(ROOT, 'fixtures', 'README.md'), 'utf8')
  for (const path of known) expect(readme).toContain(`\`${path}\``)
})

test('in the example queue, claim and release by the library change only the lock lines', async () => {
  const queue = copyOfFixtures()
  for (const path of [...OPEN, ...CLOSED]) await expectLossless({ queue, path })
})

test('claim and release by the command change only the lock lines', async () => {
  const queue = copyOfFixtures()
  const path = 'pending/WRK-204.md'
  const before = readFileSync(join(queue.root, path))
  expect(await queue.run('claim WRK-204', { env: { WRK_NOW: NOW } })).toMatchObject({ code: 0 })
  expectSame(readFileSync(join(queue.root, path)), withLock(before, 'tester', NOW))
  expect(await queue.run('release WRK-204')).toMatchObject({ code: 0 })
  expectSame(readFileSync(join(queue.root, path)), withLock(before, '', ''))
})

describe('in the example queue, the command refuses with line and column, and does not touch', () => {
  test.each(Object.entries(REFUSED))('%s (%s)', async (path, place) => {
    const queue = copyOfFixtures()
    const before = filesBelow(queue.root).map(name => [name, queue.read(name)])
    const claim = await queue.run(['claim', idOf(path), '--json'])
    expect(claim.code).toBe(5)
    expect(claim.json).toMatchObject({ ok: false, error: { code: 'INVALID_ITEM', hint: expect.any(String) } })
    expect(claim.json.error.message).toContain(`${join(queue.root, path)}:${place}: `)
    const forced = await queue.run(['claim', idOf(path), '--force', '--reason', 'all the same'])
    expect(forced.code).toBe(5)
    const release = await queue.run(['release', idOf(path), '--json'])
    // One that cannot be written can still be read: nobody holds it, so there is nothing to release.
    expect(release.code).toBe(path === 'pending/WRK-265.md' ? 0 : 5)
    expect(before.map(([name]) => [name, queue.read(name!)])).toEqual(before)
    expect(existsSync(join(queue.home, 'canary'))).toBe(false)
  })
})

describe('one item keeps', () => {
  test.each([0o600, 0o664, 0o640, 0o444])('its mode %o', async mode => {
    const queue = makeQueue(['WRK-157'])
    chmodSync(queue.path('WRK-157'), mode)
    expect((await queue.run('claim WRK-157')).code).toBe(0)
    expect(statSync(queue.path('WRK-157')).mode & 0o7777).toBe(mode)
    expect((await queue.run('release WRK-157')).code).toBe(0)
    expect(statSync(queue.path('WRK-157')).mode & 0o7777).toBe(mode)
  })

  test.skipIf(!IS_ROOT)('its owner and group when root claims it', async () => {
    const queue = makeQueue(['WRK-157'])
    chownSync(queue.path('WRK-157'), 1234, 5678)
    expect((await queue.run('claim WRK-157')).code).toBe(0)
    expect(statSync(queue.path('WRK-157'))).toMatchObject({ uid: 1234, gid: 5678 })
  })

  test('a body of two megabytes, byte by byte, whatever the bytes are', async () => {
    const body = Buffer.alloc(2 * 1024 * 1024, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
    const before = Buffer.concat([Buffer.from(item('WRK-1', { locked_by: null, locked_at: null })), body])
    const queue = makeQueue({ 'pending/WRK-1.md': before })
    expect((await queue.run('claim WRK-1', { env: { WRK_NOW: NOW } })).code).toBe(0)
    expectSame(readFileSync(queue.path('WRK-1')), withLock(before, 'tester', NOW))
  })
})

/** The rest of lossless.test.ts: what takes too long for every run. */
import { chmodSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isMap, isScalar, parseDocument } from 'yaml'
import { CORPUS } from '../support/corpus.ts'
import { makeQueue } from '../support/queue.ts'
import {
  CLOSED,
  copyOfFixtures,
  expectLossless,
  expectSame,
  filesBelow,
  idOf,
  NOW,
  OPEN,
  opened,
  place,
  type RealFile,
  type Subject,
  withLock,
} from './lossless.shared.ts'

describe('in the example queue, claim and release by the command change only the lock lines of', () => {
  test.each([...OPEN, ...CLOSED])('%s', async path => {
    const queue = copyOfFixtures()
    const others = () =>
      filesBelow(queue.root)
        .filter(name => name.endsWith('.md') && name !== path)
        .map(name => [name, readFileSync(join(queue.root, name), 'latin1')])
    const untouched = others()
    const before = readFileSync(join(queue.root, path))
    chmodSync(join(queue.root, path), 0o664)
    const env = { WRK_NOW: NOW }
    const force = CLOSED.includes(path) ? ['--force', '--reason', 'to see'] : []
    const claim = ['claim', idOf(path), ...force]

    expect(await queue.run(claim, { env })).toMatchObject({ code: 0 })
    const locked = withLock(before, 'tester', NOW)
    expectSame(readFileSync(join(queue.root, path)), locked)

    expect(await queue.run(['release', idOf(path)], { env })).toMatchObject({ code: 0 })
    const released = withLock(locked, '', '')
    expectSame(readFileSync(join(queue.root, path)), released)

    expect(await queue.run(claim, { env })).toMatchObject({ code: 0 })
    expect(await queue.run(['release', '--mine'], { env })).toMatchObject({ code: 0 })
    expectSame(readFileSync(join(queue.root, path)), released)
    expect(statSync(join(queue.root, path)).mode & 0o7777).toBe(0o664)
    expect(others()).toEqual(untouched)
    expect(queue.leftovers()).toEqual([])
  })
})

/** Judged by the `yaml` package and the contract's words, not by wrk. */
function judge(from: string, bytes: Buffer, number: number): RealFile {
  const other = { from, name: `WRK-${number}.md`, usable: false }
  const text = bytes.toString('utf8').replace(/^\ufeff/, '')
  const yaml = /(?<![\s\S])---[ \t]*\r?\n([\s\S]*?)^---[ \t]*\r?$/m.exec(text)?.[1]
  if (yaml === undefined) return other
  const document = parseDocument(yaml, { uniqueKeys: false, logLevel: 'error' })
  if (document.errors.length > 0 || !isMap(document.contents) || document.contents.flow) return other
  const keys = document.contents.items.map(({ key }) => String(key))
  if (['id', 'locked_by', 'locked_at'].some(key => keys.filter(one => one === key).length > 1)) return other
  const id = document.get('id', true)
  if (id === undefined || (isScalar(id) && (id.value === null || id.value === '')))
    return { ...other, usable: true }
  const word = isScalar(id) ? (id.source ?? '') : ''
  if (!/^(?:[A-Za-z][A-Za-z0-9_.]*(?:-[A-Za-z][A-Za-z0-9_.]*)*[-#])?\d{1,9}$/.test(word)) return other
  return { from, name: `${/^\d+$/.test(word) ? `WRK-${word}` : word.replace('#', '-')}.md`, usable: true }
}

function realFiles(part: string): RealFile[] {
  const folder = join(CORPUS!, part)
  return filesBelow(folder)
    .filter(name => name.endsWith('.md') && /\d/.test(basename(name)))
    .map((name, i) => judge(join(folder, name), readFileSync(join(folder, name)), 900_000 + i))
}

describe.skipIf(CORPUS === null)('of the real files', () => {
  test.each(['items', 'queue'])(
    'in %s, every usable one can be claimed and released without loss, and every other is refused as it is',
    async part => {
      const queue = makeQueue()
      const files = realFiles(part)
      for (const [i, file] of files.entries()) {
        const path = place(queue, file, i)
        if (file.usable) await expectLossless({ queue, path })
        else await expectRefused({ queue, path }, file)
        rmSync(join(queue.root, path))
      }
      expect(files.length).toBeGreaterThan(0)
    },
    240_000,
  )

  test('a sample can be claimed by the command too', async () => {
    const queue = makeQueue()
    const files = realFiles('items').filter(({ usable }) => usable)
    for (const [i, file] of files.filter((_, n) => n % 60 === 7).entries()) {
      const path = place(queue, file, i)
      const before = readFileSync(join(queue.root, path))
      const claim = await queue.run(['claim', idOf(path), '--force', '--reason', 'a sample'], {
        env: { WRK_NOW: NOW },
      })
      expect(claim).toMatchObject({ code: 0 })
      expectSame(readFileSync(join(queue.root, path)), withLock(before, 'tester', NOW))
      rmSync(join(queue.root, path))
    }
  })
})

async function expectRefused({ queue, path }: Subject, { from }: RealFile): Promise<void> {
  const before = readFileSync(join(queue.root, path))
  const calls = await opened(queue, 'lossless-check')
  const answer = await calls.claim(idOf(path), { force: 'the test wants it' }).catch(error => error)
  expect({ [from]: answer.code }).toEqual({ [from]: 'INVALID_ITEM' })
  expect(answer.message).toMatch(/^.*\/pending\/[^/]*\.md:\d+:\d+: ./)
  expect(answer.message).toContain(join(queue.root, path))
  expectSame(readFileSync(join(queue.root, path)), before)
}

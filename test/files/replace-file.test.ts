/** The one way to put a file in place that no guard protects, tried on disks that are too small and with links. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { realDisk } from '../../src/store/files/disk.ts'
import { ownName } from '../../src/store/files/guard-owner.ts'
import { createFile, type DraftMaker, replaceFile } from '../../src/store/files/replace-file.ts'
import { tempFolder } from '../support/processes.ts'

const OLD = 'what was there\n'
const NEW = Buffer.from('n'.repeat(60_004))
const ALIVE = { kind: 'running', started: '10' } as const
const by: DraftMaker = {
  self: { pid: 4242, started: '10', place: { boot: '9f3c1a2b', pidns: '7', host: 'here' } },
  look: pid => (pid === 4242 ? ALIVE : { kind: 'gone' }),
  randomLetters: count => 'a'.repeat(count),
}

const mounted: string[] = []
afterEach(() => {
  for (const folder of mounted.splice(0)) spawnSync('umount', ['-l', folder])
})

const WRITES: [string, (path: string) => unknown][] = [
  ['replaced', path => replaceFile(realDisk, path, NEW, { by })],
  ['replaced, not synced', path => replaceFile(realDisk, path, NEW, { by, durable: false })],
  ['made beside it', path => createFile(realDisk, join(path, '..'), `${path}-2`, NEW, { by })],
]

test.for(WRITES)('a disk too small for the new file leaves the old one whole: %s', ([, write], context) => {
  const disk = tempFolder()
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk])
  if (status !== 0) return context.skip('no small file system can be mounted here')
  mounted.push(disk)
  const path = join(disk, 'settings.json')
  writeFileSync(path, OLD)
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(12_288))
  expect(() => write(path)).toThrow(/bytes arrived|ENOSPC/)
  expect(readFileSync(path, 'utf8')).toBe(OLD)
  expect(readdirSync(disk).sort()).toEqual(['ballast', 'settings.json'])
})

test('a link in the place of the file is replaced, and what it leads to stays', () => {
  const folder = tempFolder()
  const [path, target] = [join(folder, 'file'), join(folder, 'target')]
  writeFileSync(target, OLD)
  symlinkSync(target, path)
  replaceFile(realDisk, path, Buffer.from('new'), { by })
  expect([lstatSync(path).isFile(), readFileSync(path, 'utf8')]).toEqual([true, 'new'])
  expect(readFileSync(target, 'utf8')).toBe(OLD)
})

test('a link under the name of the temporary file is not followed', () => {
  const folder = tempFolder()
  const target = join(folder, 'target')
  writeFileSync(target, OLD)
  // The last part of a name counts: the next one is known here, and to nobody else.
  const next = ownName(by).replace(
    /a([0-9a-z]+)$/,
    (_, count) => `a${(Number.parseInt(count, 36) + 1).toString(36)}`,
  )
  symlinkSync(target, join(folder, `.wrk-draft.${next}`))
  expect(() => replaceFile(realDisk, join(folder, 'file'), Buffer.from('new'), { by })).toThrow('in the way')
  expect(readFileSync(target, 'utf8')).toBe(OLD)
  expect(readdirSync(folder).sort()).toEqual([`.wrk-draft.${next}`, 'target'])
})

test('what a killed process left beside a file goes with the next file there; what others are writing stays', () => {
  const folder = tempFolder()
  const dead = ownName({ ...by, self: { ...by.self, pid: 4243 } })
  const elsewhere = ownName({
    ...by,
    self: { pid: 4243, started: '10', place: { boot: '1', pidns: '1', host: 'x' } },
  })
  const kept = [
    `.wrk-draft.${ownName(by)}`,
    `.wrk-draft.${elsewhere}`,
    '.wrk-draft.notes',
    '.wrk-abcdefghijkl',
  ]
  // write-file-atomic adds a number to the name for a file of its own.
  for (const name of [...kept, `.wrk-draft.${dead}`, `.wrk-draft.${dead}.1234567`])
    writeFileSync(join(folder, name), 'half')
  replaceFile(realDisk, join(folder, 'file'), Buffer.from('new'), { by })
  expect(readdirSync(folder).sort()).toEqual([...kept, 'file'].sort())
})

test('mode and owner of the old file are kept where that is asked for, and only there', () => {
  const folder = tempFolder()
  const path = join(folder, 'file')
  writeFileSync(path, OLD)
  chmodSync(path, 0o640)
  if (process.getuid?.() === 0) chownSync(path, 61_001, 61_002)
  const { uid, gid } = statSync(path)
  replaceFile(realDisk, path, Buffer.from('new'), { by, keep: true })
  expect(statSync(path)).toMatchObject({ uid, gid, mode: 0o100640 })
  replaceFile(realDisk, path, Buffer.from('newer'), { by })
  expect(statSync(path)).toMatchObject({
    uid: process.getuid?.(),
    mode: 0o100000 | (0o666 & ~process.umask()),
  })
})

test('an error of the last look leaves the old file and no other', () => {
  const folder = tempFolder()
  const path = join(folder, 'file')
  writeFileSync(path, OLD)
  const confirm = () => {
    throw new Error('changed')
  }
  expect(() => replaceFile(realDisk, path, Buffer.from('new'), { by, confirm })).toThrow('changed')
  expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual([OLD, ['file']])
})

test('createFile never replaces, not even a link that leads nowhere', () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'staging'))
  const make = (name: string) =>
    createFile(realDisk, join(folder, 'staging'), join(folder, name), Buffer.from('new'), {
      by,
      mode: 0o600,
    })
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'))
  expect([make('file'), make('file'), make('link')]).toEqual([true, false, false])
  expect(statSync(join(folder, 'file')).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).sort()).toEqual(['file', 'link', 'staging'])
  expect(readdirSync(join(folder, 'staging'))).toEqual([])
})

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
import { createFile, replaceFile } from '../../src/store/files/replace-file.ts'
import { tempFolder } from '../support/processes.ts'

const OLD = 'what was there\n'
const NEW = Buffer.from('n'.repeat(60_004))
const random = 'abcdefghijkl'

const mounted: string[] = []
afterEach(() => {
  for (const folder of mounted.splice(0)) spawnSync('umount', ['-l', folder])
})

const WRITES: [string, (path: string) => unknown][] = [
  ['replaced', path => replaceFile(realDisk, path, NEW, { random })],
  ['replaced, not synced', path => replaceFile(realDisk, path, NEW, { random, durable: false })],
  ['made beside it', path => createFile(realDisk, join(path, '..'), `${path}-2`, NEW, { random })],
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
  replaceFile(realDisk, path, Buffer.from('new'), { random })
  expect([lstatSync(path).isFile(), readFileSync(path, 'utf8')]).toEqual([true, 'new'])
  expect(readFileSync(target, 'utf8')).toBe(OLD)
})

test('a link under the name of the temporary file is not followed', () => {
  const folder = tempFolder()
  const target = join(folder, 'target')
  writeFileSync(target, OLD)
  symlinkSync(target, join(folder, `.wrk-${random}`))
  expect(() => replaceFile(realDisk, join(folder, 'file'), Buffer.from('new'), { random })).toThrow(
    'in the way',
  )
  expect(readFileSync(target, 'utf8')).toBe(OLD)
  expect(readdirSync(folder).sort()).toEqual([`.wrk-${random}`, 'target'])
})

test('mode and owner of the old file are kept where that is asked for, and only there', () => {
  const folder = tempFolder()
  const path = join(folder, 'file')
  writeFileSync(path, OLD)
  chmodSync(path, 0o640)
  if (process.getuid?.() === 0) chownSync(path, 61_001, 61_002)
  const { uid, gid } = statSync(path)
  replaceFile(realDisk, path, Buffer.from('new'), { random, keep: true })
  expect(statSync(path)).toMatchObject({ uid, gid, mode: 0o100640 })
  replaceFile(realDisk, path, Buffer.from('newer'), { random })
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
  expect(() => replaceFile(realDisk, path, Buffer.from('new'), { random, confirm })).toThrow('changed')
  expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual([OLD, ['file']])
})

test('createFile never replaces, not even a link that leads nowhere', () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'staging'))
  const make = (name: string) =>
    createFile(realDisk, join(folder, 'staging'), join(folder, name), Buffer.from('new'), {
      random,
      mode: 0o600,
    })
  symlinkSync(join(folder, 'nowhere'), join(folder, 'link'))
  expect([make('file'), make('file'), make('link')]).toEqual([true, false, false])
  expect(statSync(join(folder, 'file')).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).sort()).toEqual(['file', 'link', 'staging'])
  expect(readdirSync(join(folder, 'staging'))).toEqual([])
})

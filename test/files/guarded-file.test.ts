/** Reading and publishing one file, in this process alone: which calls are made in which order, and which fail how. */
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Disk, realDisk } from '../../src/store/files/disk.ts'
import { type HeldGuard, StartOver } from '../../src/store/files/guard.ts'
import {
  LARGEST_FILE,
  type OpenFile,
  openPlain,
  type Publication,
  publish,
  readOpen,
  readPlainFile,
  syncFolder,
} from '../../src/store/files/guarded-file.ts'
import { tempFolder } from '../support/processes.ts'

function failure(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'test' })
}

/** The real disk, with some calls in place of its own. */
const diskWith = (calls: Record<string, unknown>): Disk => ({ ...realDisk, ...calls }) as Disk

/** How many files this process has open below a folder. */
function openBelow(folder: string): number {
  const links = fs.readdirSync('/proc/self/fd').map(fd => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return links.filter(link => link.startsWith(folder)).length
}
const onLinux = test.skipIf(process.platform !== 'linux')

describe('reading', () => {
  test('gives all bytes, the time, and the file still open', () => {
    const path = join(tempFolder(), 'file')
    for (const size of [0, 1, 4095, 200_000]) {
      fs.writeFileSync(path, Buffer.alloc(size, 'é'))
      const open = readOpen(realDisk, path)
      expect(open.bytes.equals(fs.readFileSync(path))).toBe(true)
      expect([open.path, open.modified]).toEqual([path, fs.statSync(path, { bigint: true }).mtime])
      expect(open.stat.size).toBe(BigInt(size))
      fs.closeSync(open.fd)
      expect(readPlainFile(realDisk, path)).toEqual({
        path,
        bytes: open.bytes,
        modified: open.modified,
        stat: expect.anything(),
      })
    }
  })

  test('reaches the end of a file that grows meanwhile and has short reads', () => {
    const path = join(tempFolder(), 'file')
    fs.writeFileSync(path, 'first')
    let reads = 0
    const readSync = (fd: number, buffer: Buffer, offset: number, length: number, position: number) => {
      if (reads++ < 40) fs.appendFileSync(path, `more ${reads}, `)
      return fs.readSync(fd, buffer, offset, Math.min(length, 7), position)
    }
    const open = readOpen(diskWith({ readSync }), path)
    fs.closeSync(open.fd)
    expect(open.bytes.toString()).toBe(fs.readFileSync(path, 'utf8'))
    expect(reads).toBeGreaterThan(40)
  })

  onLinux('refuses what is no plain file, or too large, and leaves nothing open', () => {
    const folder = tempFolder()
    const [fifo, link, large] = ['fifo', 'link', 'large'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ]
    execFileSync('mkfifo', [fifo])
    fs.writeFileSync(large, '')
    fs.symlinkSync(large, link)
    const invalid = (message: string) =>
      expect.objectContaining({
        code: 'INVALID_ITEM',
        message: expect.stringContaining(message),
        hint: expect.stringMatching(/\w/),
      })
    expect(() => readOpen(realDisk, folder)).toThrow(invalid(`${folder} is not a regular file`))
    expect(() => readOpen(realDisk, fifo)).toThrow(invalid(`${fifo} is not a regular file`))
    for (const read of [readOpen, openPlain])
      expect(() => read(realDisk, link)).toThrow(expect.objectContaining({ code: 'ELOOP' }))
    expect(() => readOpen(realDisk, join(folder, 'none'))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    )
    fs.truncateSync(large, LARGEST_FILE)
    expect(readPlainFile(realDisk, large).bytes).toHaveLength(LARGEST_FILE)
    fs.truncateSync(large, LARGEST_FILE + 1)
    expect(() => readOpen(realDisk, large)).toThrow(invalid(`${large} is too large for a work item (8 MB)`))
    expect(() => readOpen(realDisk, large)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('up to 8 MB') }),
    )
    const readSync = () => {
      throw failure('EIO')
    }
    fs.truncateSync(large, 10)
    expect(() => readOpen(diskWith({ readSync }), large)).toThrow('EIO')
    expect(openBelow(folder)).toBe(0)
  })
})

/** A guard that is held, a file, and what is called on the disk from now on. */
function scene(content: string | null = 'first\n') {
  const folder = tempFolder()
  const [path, dir] = [join(folder, 'file'), join(folder, '.wrk', 'guards', 'key')]
  const conflicts = join(folder, '.wrk', 'conflicts')
  fs.mkdirSync(dir, { recursive: true })
  const guard: HeldGuard = {
    dir,
    slot: join(dir, 'me'),
    second: null,
    name: 'me',
    published: new Set(),
    isLeft: false,
  }
  fs.writeFileSync(guard.slot, '', { mode: 0o600 })
  if (content !== null) {
    fs.writeFileSync(path, content)
    fs.chmodSync(path, 0o640)
  }
  const steps: string[] = []
  const names = new Map<number, string>()
  const nameOf = (what: unknown) =>
    typeof what === 'number' ? (names.get(what) ?? 'old') : String(what).slice(folder.length)
  const watch = (more: Record<string, unknown> = {}): Disk => {
    const disk = diskWith(more) as unknown as Record<string, (...args: unknown[]) => unknown>
    return Object.fromEntries(
      Object.keys(realDisk)
        .filter(name => name.endsWith('Sync'))
        .map(name => [
          name,
          (...args: unknown[]) => {
            const at = steps.push(`${name.slice(0, -4)} ${nameOf(args[0])}`) - 1
            if (name === 'renameSync') steps[at] += ` ${nameOf(args[1])}`
            if (name === 'fchmodSync') steps[at] += ` ${(args[1] as number).toString(8)}`
            const result = disk[name]!(...args)
            if (name === 'openSync') names.set(result as number, nameOf(args[0]))
            return result
          },
        ]),
    ) as unknown as Disk
  }
  const from = content === null ? 'absent' : readOpen(realDisk, path)
  const act = (more: Partial<Publication> = {}, calls: Record<string, unknown> = {}) => {
    try {
      return publish(watch(calls), guard, {
        bytes: Buffer.from('second\n'),
        from,
        path,
        durable: true,
        conflicts,
        ...more,
      })
    } finally {
      if (from !== 'absent') fs.closeSync(from.fd)
    }
  }
  const changing = () => steps.filter(step => !/^(lstat|fstat|read) /.test(step))
  const now = () => (fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : null)
  return { folder, path, dir, conflicts, guard, from: from as OpenFile, act, steps, changing, now }
}

const SLOT = '/.wrk/guards/key/me'

describe('publishing', () => {
  test('fills, syncs and closes the slot, renames it, gives the guard back, and syncs the folder, in this order', () => {
    const { act, changing, now, path, guard, dir, conflicts } = scene()
    expect(act()).toEqual({ conflict: null, failure: null })
    expect(changing()).toEqual([
      `open ${SLOT}`,
      `write ${SLOT}`,
      `fchmod ${SLOT} 640`,
      `fsync ${SLOT}`,
      `close ${SLOT}`,
      `rename ${SLOT} /file`,
      'rmdir /.wrk/guards/key',
      'open ',
      'fsync ',
      'close ',
    ])
    expect([now(), fs.statSync(path).mode & 0o7777, guard.published.size]).toEqual(['second\n', 0o640, 1])
    expect([fs.existsSync(dir), fs.existsSync(conflicts)]).toEqual([false, false])
  })

  test('syncs nothing that can be rebuilt', () => {
    const { act, steps } = scene()
    expect(act({ durable: false })).toEqual({ conflict: null, failure: null })
    expect(steps.filter(step => step.startsWith('fsync'))).toEqual([])
  })

  test('looks at the file between filling the slot and renaming it, and at the old one afterwards', () => {
    const { act, steps } = scene()
    act()
    const at = (step: string) => steps.indexOf(step)
    expect(at('lstat /file')).toBeGreaterThan(at(`close ${SLOT}`))
    expect(at('read old')).toBeGreaterThan(at('lstat /file'))
    expect(at(`rename ${SLOT} /file`)).toBeGreaterThan(at('read old'))
    expect(steps.lastIndexOf('read old')).toBeGreaterThan(at(`rename ${SLOT} /file`))
  })

  test('makes a new file of the mode that any program would give it', () => {
    const { act, path, now, folder } = scene(null)
    expect(act()).toEqual({ conflict: null, failure: null })
    fs.writeFileSync(join(folder, 'any'), '')
    const mode = (file: string) => fs.statSync(file).mode & 0o7777
    expect([now(), mode(path)]).toEqual(['second\n', mode(join(folder, 'any'))])
  })

  test('keeps the mode of an old file with all its bits', () => {
    const { act, path, from } = scene()
    from.stat.mode = (from.stat.mode & ~0o7777n) | 0o1640n
    fs.chmodSync(path, 0o1640)
    act()
    expect(fs.statSync(path).mode & 0o7777).toBe(0o1640)
  })

  test('over whatever is there, where only guard holders write', () => {
    const { act, now, steps, path, from } = scene()
    fs.closeSync(from.fd)
    fs.writeFileSync(path, 'what another wrote\n')
    from.fd = fs.openSync(path, 'r')
    expect(act({ from: 'any' })).toEqual({ conflict: null, failure: null })
    expect([now(), steps.includes('read old')]).toEqual(['second\n', false])
    expect(fs.statSync(path).mode & 0o7777).toBe(0o640)
  })

  test('an empty text is a text', () => {
    const { act, now, changing } = scene()
    act({ bytes: Buffer.alloc(0) })
    expect([now(), changing().includes(`write ${SLOT}`)]).toEqual(['', false])
  })

  test('goes on where the disk took a part', () => {
    const { act, now } = scene()
    const writeSync = (fd: number, bytes: Buffer, offset: number, length: number, position: number) =>
      fs.writeSync(fd, bytes, offset, Math.min(length, 3), position)
    act({}, { writeSync })
    expect(now()).toBe('second\n')
  })
})

describe('nothing is published', () => {
  const stopped = (
    { act, now, guard, conflicts, changing }: ReturnType<typeof scene>,
    calls: Record<string, unknown>,
    error: unknown,
    before: string | null = 'first\n',
  ) => {
    expect(() => act({}, calls)).toThrow(error as Error)
    expect([now(), guard.published.size, fs.existsSync(conflicts)]).toEqual([before, 0, false])
    // Whatever was opened is closed.
    const count = (step: string) => changing().filter(one => one === step).length
    expect(count(`close ${SLOT}`)).toBe(count(`open ${SLOT}`))
  }
  const throwing = (code: string) => () => {
    throw failure(code)
  }

  test('when the slot was taken away before it is filled', () => {
    const at = scene()
    fs.unlinkSync(at.guard.slot)
    const calls = { openSync: fs.openSync }
    expect(() => at.act({}, calls)).toThrow(StartOver)
    expect([at.now(), fs.existsSync(at.guard.slot)]).toEqual(['first\n', false])
  })

  test.each([
    ['ENOENT', StartOver],
    ['EXDEV', 'EXDEV'],
    ['EACCES', 'EACCES'],
  ])('when the rename fails with %s', (code, error) => {
    stopped(scene(), { renameSync: throwing(code) }, error)
  })

  test.each(['writeSync', 'fsyncSync', 'fchmodSync', 'fstatSync'])('when %s fails', call => {
    stopped(scene(), { [call]: throwing('EIO') }, 'EIO')
  })

  test('when the slot cannot be opened', () => {
    const at = scene()
    expect(() => at.act({}, { openSync: throwing('EACCES') })).toThrow('EACCES')
    expect(at.now()).toBe('first\n')
  })

  test('when the disk takes no more bytes, or fewer arrived than it took', () => {
    const io = (message: string) =>
      expect.objectContaining({ code: 'IO', message: expect.stringContaining(message) })
    stopped(scene(), { writeSync: () => 0 }, io('takes no more bytes'))
    stopped(
      scene(),
      { writeSync: (_: number, bytes: Buffer) => bytes.length },
      io('could not be written: 0 of 7 bytes arrived'),
    )
  })

  test('when the file is there although there was none, or gone although there was one', () => {
    const made = scene(null)
    fs.writeFileSync(made.path, 'theirs\n')
    stopped(made, {}, StartOver, 'theirs\n')
    const gone = scene()
    fs.unlinkSync(gone.path)
    stopped(gone, {}, StartOver, null)
  })

  // What a change outside looks like; each alone must be noticed, since a copy may agree in all the others.
  test.each(['ino', 'dev', 'size', 'mtimeNs', 'mode'] as const)('when the file differs in its %s', field => {
    const at = scene()
    const lstatSync = (path: string, options: { bigint: true }) => {
      const stat = fs.lstatSync(path, options)
      stat[field] += 1n
      return stat
    }
    stopped(at, { lstatSync }, StartOver)
  })

  test('when the file differs in its bytes alone', () => {
    const at = scene()
    at.from.bytes[0]! ^= 1
    stopped(at, {}, StartOver)
  })

  test('when the file cannot be looked at', () => {
    stopped(scene(), { lstatSync: throwing('EIO') }, 'EIO')
  })
})

describe('the owner of the file', () => {
  const foreign = (at: ReturnType<typeof scene>, part: 'uid' | 'gid') => {
    at.from.stat[part] += 77n
    return [Number(at.from.stat.uid), Number(at.from.stat.gid)]
  }

  test.each(['uid', 'gid'] as const)('is kept when its %s is another', part => {
    const at = scene()
    const wanted = foreign(at, part)
    const owners: number[][] = []
    at.act({}, { fchownSync: (_: number, uid: number, gid: number) => owners.push([uid, gid]) })
    expect([owners, at.now()]).toEqual([[wanted], 'second\n'])
    // Giving a file away clears bits of its mode, which therefore is set afterwards.
    const steps = at.changing()
    expect(steps.indexOf(`fchmod ${SLOT} 640`)).toBeGreaterThan(steps.indexOf(`fchown ${SLOT}`))
  })

  test('is left alone when it is one’s own', () => {
    const at = scene()
    at.act()
    expect(at.steps.filter(step => step.startsWith('fchown'))).toEqual([])
  })

  test.each(['EPERM', 'EINVAL'])('that cannot be kept (%s) keeps the file from being replaced', code => {
    const at = scene()
    foreign(at, 'uid')
    const fchownSync = () => {
      throw failure(code)
    }
    expect(() => at.act({}, { fchownSync })).toThrow(
      expect.objectContaining({
        code: 'IO',
        message: expect.stringContaining(`belongs to another user (uid ${at.from.stat.uid})`),
        hint: expect.stringContaining('its owner'),
      }),
    )
    expect(at.now()).toBe('first\n')
  })

  test('that cannot be kept by a failing disk is a failure of the disk', () => {
    const at = scene()
    foreign(at, 'uid')
    const fchownSync = () => {
      throw failure('EIO')
    }
    expect(() => at.act({}, { fchownSync })).toThrow('EIO')
    expect(at.now()).toBe('first\n')
  })
})

describe('after the rename', () => {
  test('what was written in the last instant is kept for its owner alone, and named', () => {
    const at = scene()
    const renameSync = (from: string, to: string) => {
      fs.writeFileSync(at.path, 'last words, and many of them\n')
      fs.renameSync(from, to)
    }
    const { conflict, failure: none } = at.act({}, { renameSync })
    expect([at.now(), none]).toEqual(['second\n', null])
    expect(conflict).toMatch(/\.wrk\/conflicts\/file\.\d{13}$/)
    expect(fs.readFileSync(conflict!, 'utf8')).toBe('last words, and many of them\n')
    expect(fs.statSync(conflict!).mode & 0o777).toBe(0o600)
    const steps = at.changing()
    const kept = `/.wrk/conflicts/${conflict!.split('/').at(-1)}`
    expect(steps.filter(step => step.endsWith(kept))).toEqual([
      `open ${kept}`,
      `write ${kept}`,
      `close ${kept}`,
    ])
  })

  test('what was written is kept beside what was kept before', () => {
    const at = scene()
    fs.mkdirSync(at.conflicts)
    fs.writeFileSync(join(at.conflicts, 'file.1'), 'before')
    const renameSync = (from: string, to: string) => {
      fs.writeFileSync(at.path, 'last words\n')
      fs.renameSync(from, to)
    }
    expect(at.act({}, { renameSync })).toEqual({ conflict: expect.any(String), failure: null })
    expect(fs.readdirSync(at.conflicts)).toHaveLength(2)
  })

  test.each(['rmdirSync', 'fsyncSync'])('a failure of %s is a warning, and the change remains', call => {
    const at = scene()
    let renamed = false
    const calls = {
      renameSync: (from: string, to: string) => {
        fs.renameSync(from, to)
        renamed = true
      },
      [call]: (what: never) => {
        if (renamed) throw failure('EIO')
        return realDisk[call as 'rmdirSync' | 'fsyncSync'](what)
      },
    }
    expect(at.act({}, calls)).toEqual({ conflict: null, failure: expect.objectContaining({ code: 'EIO' }) })
    expect([at.now(), at.guard.published.size]).toEqual(['second\n', 1])
  })

  test.each(['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOENT', 'ENOTDIR'])(
    'a guard that is another’s by now is left to it: %s',
    code => {
      const at = scene()
      const rmdirSync = () => {
        throw failure(code)
      }
      expect(at.act({}, { rmdirSync })).toEqual({ conflict: null, failure: null })
    },
  )

  test('what is not a failure of the disk is a bug, and not hidden', () => {
    const at = scene()
    const rmdirSync = () => {
      throw new TypeError('a bug')
    }
    expect(() => at.act({}, { rmdirSync })).toThrow('a bug')
  })
})

test('on Windows, owners and folders are left alone', () => {
  const real = Object.getOwnPropertyDescriptor(process, 'platform')!
  const at = scene()
  at.from.stat.uid += 77n
  Object.defineProperty(process, 'platform', { ...real, value: 'win32' })
  try {
    expect(at.act()).toEqual({ conflict: null, failure: null })
  } finally {
    Object.defineProperty(process, 'platform', real)
  }
  expect(at.changing().filter(step => /^(fchown|fsync|open)/.test(step))).toEqual([
    `open ${SLOT}`,
    `fsync ${SLOT}`,
  ])
})

describe('a folder', () => {
  const syncing = (code: string) => {
    let closed = 0
    const disk = diskWith({
      fsyncSync: () => {
        throw failure(code)
      },
      closeSync: (fd: number) => {
        closed++
        fs.closeSync(fd)
      },
    })
    return { sync: () => syncFolder(disk, tempFolder()), closed: () => closed }
  }

  test.each(['EINVAL', 'ENOTSUP', 'EPERM'])('that cannot be synced need not be: %s', code => {
    const { sync, closed } = syncing(code)
    expect(sync).not.toThrow()
    expect(closed()).toBe(1)
  })

  test('with a failing sync is a warning', () => {
    const { sync, closed } = syncing('EIO')
    expect(sync).toThrow('EIO')
    expect(closed()).toBe(1)
  })
})

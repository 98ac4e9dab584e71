/**
 * The protocol with two of its steps swapped, or one left out, on purpose: a disk between production code and the
 * real one, which does the same operations in the wrong order. The search has to find what that breaks.
 */
import { constants } from 'node:fs'
import type { Mutation } from './claimer.ts'

const isSlot = (path: string): boolean => /\/\.wrk\/guards\/[^/]+\/[^/]+$/.test(path)
const isDraftFile = (path: string): boolean => /\/\.wrk\/tmp\/[^/]+\/[^/]+$/.test(path)
const isDraft = (path: string): boolean => /\/\.wrk\/tmp\/[^/]+$/.test(path)
const isItem = (path: string): boolean => path.endsWith('.md')
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
/** The slot opened to be filled; to learn its number it is opened for reading. */
const fillsSlot = (path: unknown, flags: unknown): boolean =>
  isSlot(String(path)) && flags === constants.O_RDWR
const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** The descriptor of a file that is not open. */
const NO_FILE = 1000

/** Takes the guard first and makes the slots in it afterwards: steps 1 and 2 swapped. */
export const slotInsideGuard: Mutation = disk => ({
  ...disk,
  openSync: (path, flags, mode) =>
    isDraftFile(String(path)) && flags === 'wx' ? NO_FILE : disk.openSync(path, flags, mode),
  closeSync: fd => (fd === NO_FILE ? undefined : disk.closeSync(fd)),
  renameSync(from, to) {
    disk.renameSync(from, to)
    if (!isDraft(String(from))) return
    // Only an item has two slots.
    const slots = nameOf(String(to)).startsWith('wrk-') ? ['.a', '.b'] : ['']
    try {
      for (const slot of slots)
        disk.closeSync(disk.openSync(`${to}/${nameOf(String(from))}${slot}`, 'wx', 0o600))
    } catch (error) {
      // Another came in between: the guard is theirs.
      throw isMissing(error) ? Object.assign(new Error(), error, { code: 'ENOTEMPTY' }) : error
    }
  },
  // One that came too late has nothing in its draft, and perhaps no draft any more.
  unlinkSync: path => (isDraftFile(String(path)) ? undefined : disk.unlinkSync(path)),
  rmdirSync(path) {
    try {
      disk.rmdirSync(path)
    } catch (error) {
      if (!isDraft(String(path)) || !isMissing(error)) throw error
    }
  },
})

/** Opens the slot with O_CREAT: one that was revoked makes itself a new one, in the guard of the next. */
export const slotMadeAgain: Mutation = disk => ({
  ...disk,
  openSync: (path, flags, mode) =>
    disk.openSync(path, fillsSlot(path, flags) ? constants.O_RDWR | constants.O_CREAT : flags, mode),
})

/** Renames the slot into place and fills it then: steps 4 and 5 swapped. */
export const publishedEmpty: Mutation = disk => {
  let late: (() => void)[] = []
  let slot = -1
  let size = 0
  return {
    ...disk,
    openSync(path, flags, mode) {
      const fd = disk.openSync(path, flags, mode)
      // The first slot alone: the record's.
      if (fillsSlot(path, flags) && !String(path).endsWith('.b')) slot = fd
      return fd
    },
    writeSync: ((fd: number, data: Buffer, ...at: number[]) => {
      const write = disk.writeSync as (fd: number, data: Buffer, ...at: number[]) => number
      if (fd !== slot) return write(fd, data, ...at)
      size = data.length
      late.push(() => void write(fd, data, ...at))
      return size
    }) as typeof disk.writeSync,
    fstatSync: ((fd: number, options?: object) => {
      const stat = disk.fstatSync(fd, options as undefined)
      return fd === slot ? { ...stat, size } : stat
    }) as typeof disk.fstatSync,
    closeSync: fd => (fd === slot ? undefined : disk.closeSync(fd)),
    renameSync(from, to) {
      disk.renameSync(from, to)
      if (!isSlot(String(from)) || String(from).endsWith('.b')) return
      for (const write of late) write()
      disk.closeSync(slot)
      late = []
      slot = -1
    },
  }
}

/** Publishes from a file of its own beside the guard, and gives the guard back afterwards: nothing is fenced. */
export const notFenced: Mutation = disk => {
  const own = (slot: string) => `${slot.slice(0, slot.indexOf('/guards/'))}/tmp/${nameOf(slot)}.own`
  return {
    ...disk,
    openSync: (path, flags, mode) =>
      fillsSlot(path, flags)
        ? disk.openSync(own(String(path)), 'wx', mode)
        : disk.openSync(path, flags, mode),
    renameSync(from, to) {
      if (!isSlot(String(from))) return disk.renameSync(from, to)
      disk.renameSync(own(String(from)), to)
      try {
        disk.unlinkSync(from)
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    },
  }
}

/** Shows the lock in the file from a file of its own: only the record is fenced. */
export const displayNotFenced: Mutation = disk => {
  const mutated = notFenced(disk)
  const isDisplay = (path: unknown) => String(path).endsWith('.b')
  return {
    ...disk,
    openSync: (path, flags, mode) => (isDisplay(path) ? mutated : disk).openSync(path, flags, mode),
    renameSync: (from, to) => (isDisplay(from) ? mutated : disk).renameSync(from, to),
  }
}

/** Shows a claim in the file before it is recorded. */
export const shownFirst: Mutation = disk => ({
  ...disk,
  renameSync(from, to) {
    const root = /^(.*)\/\.wrk\/claims\//.exec(String(to))?.[1]
    if (root !== undefined && isSlot(String(from)))
      try {
        disk.renameSync(String(from).replace(/a$/, 'b'), `${root}/pending/WRK-1.md`)
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    disk.renameSync(from, to)
  },
})

/** Gives an item up without a note of it. */
export const givenUpUnnoted: Mutation = disk => {
  const isNote = (path: unknown) => String(path).includes('/outbox/wrk-')
  return {
    ...disk,
    openSync: (path, flags, mode) =>
      isNote(path) && flags === 'wx' ? NO_FILE : disk.openSync(path, flags, mode),
    writeSync: ((fd: number, data: Buffer, ...at: number[]) =>
      fd === NO_FILE
        ? data.length
        : (disk.writeSync as (fd: number, data: Buffer, ...at: number[]) => number)(
            fd,
            data,
            ...at,
          )) as typeof disk.writeSync,
    closeSync: fd => (fd === NO_FILE ? undefined : disk.closeSync(fd)),
  }
}

/** Reads the record once and for all, before it takes the guard. */
export const recordReadBeforeGuard: Mutation = disk => {
  let early: number | null = null
  let tried = false
  return {
    ...disk,
    renameSync(from, to) {
      if (isDraft(String(from)) && nameOf(String(to)).startsWith('wrk-') && !tried) {
        tried = true
        try {
          early = disk.openSync(String(to).replace('/guards/', '/claims/'), 'r')
        } catch (error) {
          if (!isMissing(error)) throw error
        }
      }
      disk.renameSync(from, to)
    },
    openSync(path, flags, mode) {
      if (!String(path).includes('/.wrk/claims/') || early === null) return disk.openSync(path, flags, mode)
      const fd = early
      early = null
      return fd
    },
  }
}

/** Reads the item before it takes the guard. */
export const readBeforeGuard: Mutation = disk => {
  let early: number | null = null
  let item = ''
  return {
    ...disk,
    readdirSync: ((path: string, options?: object) => {
      const names = disk.readdirSync(path, options as undefined)
      for (const name of names) if (isItem(String(name))) item = `${path}/${name}`
      return names
    }) as typeof disk.readdirSync,
    renameSync(from, to) {
      if (isDraft(String(from)) && nameOf(String(to)).startsWith('wrk-')) early ??= disk.openSync(item, 'r')
      disk.renameSync(from, to)
    },
    openSync(path, flags, mode) {
      if (!isItem(String(path)) || early === null) return disk.openSync(path, flags, mode)
      const fd = early
      early = null
      return fd
    },
  }
}

const ARCHIVED = /^status: archived$/m

/** Moves an item to the archive before its new status is published. */
export const movedFirst: Mutation = disk => {
  let archives = false
  return {
    ...disk,
    writeSync: ((fd: number, data: Buffer, ...at: number[]) => {
      archives ||= ARCHIVED.test(data.toString())
      return (disk.writeSync as (fd: number, data: Buffer, ...at: number[]) => number)(fd, data, ...at)
    }) as typeof disk.writeSync,
    renameSync(from, to) {
      if (!archives || !isSlot(String(from)) || !isItem(String(to))) return disk.renameSync(from, to)
      const target = archivePlace(String(to))
      disk.renameSync(to, target)
      disk.renameSync(from, target)
    },
  }
}

/** Moves an item to the archive when the event is logged, without its guard and without looking at it again. */
export const movedUnseen: Mutation = disk => {
  let archived: string | null = null
  return {
    ...disk,
    writeSync: ((fd: number, data: Buffer, ...at: number[]) => {
      if (ARCHIVED.test(data.toString())) archived = ''
      return (disk.writeSync as (fd: number, data: Buffer, ...at: number[]) => number)(fd, data, ...at)
    }) as typeof disk.writeSync,
    renameSync(from, to) {
      if (archived && nameOf(String(to)) === 'events') {
        const item = archived
        archived = null
        try {
          disk.renameSync(item, archivePlace(item))
        } catch (error) {
          if (!isMissing(error)) throw error
        }
      }
      disk.renameSync(from, to)
      if (archived === '' && isSlot(String(from)) && isItem(String(to))) archived = String(to)
    },
  }
}

const archivePlace = (path: string): string => path.replace('/pending/', '/archive/2026-02/')

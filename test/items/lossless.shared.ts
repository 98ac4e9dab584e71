/** What the tests of lossless have in common. */
import { chmodSync, chownSync, cpSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, expect } from 'vitest'
import { LIBRARY, ROOT } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'

export const FIXTURES = join(ROOT, 'fixtures', 'queue')
export const NOW = '2026-02-16T19:30:05Z'
export const IS_ROOT = process.getuid?.() === 0

export const OPEN = [
  ...['WRK-250.md', 'blocked/WRK-220.md', 'done/WRK-231.md', 'pending/WRK-139-tide-table.md'],
  ...['pending/WRK-157.md', 'pending/WRK-201.md', 'pending/WRK-202.md', 'pending/WRK-203.md'],
  ...['pending/WRK-204.md', 'pending/WRK-205.md', 'pending/WRK-207.md', 'pending/WRK-208.md'],
  ...['pending/workspace-hub-1311.md', 'working/WRK-210.md', 'working/WRK-211.md', 'working/WRK-212.md'],
]
export const CLOSED = ['archive/2026-01/WRK-240.md', 'done/WRK-230.md']

export function idOf(path: string): string {
  const [, prefix, number] = /^(.+?)-(\d+)/.exec(basename(path))!
  return `${prefix}-${number}`
}

/**
 * The file with another lock, worked out line by line: the value on a lock's own line is replaced, and a
 * line that is missing goes directly before the closing fence. Every other line is copied.
 */
export function withLock(before: Buffer, by: string, at: string): Buffer {
  // One character per byte, so that nothing but what is meant to can change.
  const lines = before.toString('latin1').split('\n')
  const fence = lines.findIndex((line, i) => i > 0 && /^---[ \t]*\r?$/.test(line))
  expect(fence).toBeGreaterThan(0)
  const indent = /^ *(?=[A-Za-z"'])/.exec(lines.slice(1, fence).find(line => /^ *[A-Za-z"']/.test(line))!)![0]
  const missing: string[] = []
  for (const [key, value] of [
    ['locked_by', by],
    ['locked_at', at],
  ] as const) {
    const own = new RegExp(
      `^${indent}${key}:([ \\t]+(?:"[^"]*"|'[^']*'|[^#\\s]\\S*))?([ \\t]+#.*?)?[ \\t]*(\\r?)$`,
    )
    const place = lines.findIndex((line, i) => i > 0 && i < fence && own.test(line))
    const eol = lines[fence - 1]!.endsWith('\r') ? '\r' : ''
    if (place < 0) missing.push(`${indent}${key}: "${value}"${eol}`)
    else
      lines[place] = lines[place]!.replace(
        own,
        (_, _old, note, cr) => `${indent}${key}: "${value}"${note ?? ''}${cr}`,
      )
  }
  lines.splice(fence, 0, ...missing)
  return Buffer.from(lines.join('\n'), 'latin1')
}

/** Says where two files differ in place of printing both. */
export function expectSame(found: Buffer, wanted: Buffer): void {
  if (found.equals(wanted)) return
  expect(found.toString('latin1')).toBe(wanted.toString('latin1'))
}

export function copyOfFixtures(): Queue {
  const queue = makeQueue()
  cpSync(FIXTURES, queue.root, { recursive: true })
  // Half a lock counts from the file's own time; a copy of it was made just now.
  const old = new Date('2026-01-01T00:00:00Z')
  for (const path of filesBelow(queue.root)) utimesSync(join(queue.root, path), old, old)
  return queue
}

export function filesBelow(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter(name => statSync(join(folder, name)).isFile()).sort()
}

/** A file of the corpus, under a name that agrees with its id, and whether wrk has to be able to claim it. */
export interface RealFile {
  from: string
  name: string
  usable: boolean
}

export function place(queue: Queue, { from, name }: RealFile, i: number): string {
  const path = `pending/${name}`
  cpSync(from, join(queue.root, path))
  chmodSync(join(queue.root, path), i % 2 ? 0o600 : 0o664)
  if (IS_ROOT && i % 3 === 0) chownSync(join(queue.root, path), 1234, 5678)
  return path
}

let openQueue: typeof import('../../src/index.ts').openQueue

beforeAll(async () => {
  const library = (await import(/* @vite-ignore */ LIBRARY)) as typeof import('../../src/index.ts')
  openQueue = library.openQueue
})

/** The library as one session sees a queue, at a standing clock. */
export function opened(queue: Queue, session: string) {
  return openQueue(queue.root, { session, env: {}, clock: () => new Date(NOW) })
}

export interface Subject {
  queue: Queue
  /** Relative to the queue. */
  path: string
}

/** Claim, release, claim, release by the library, looking at the bytes and the file's attributes each time. */
export async function expectLossless({ queue, path }: Subject): Promise<void> {
  const id = idOf(path)
  const before = readFileSync(join(queue.root, path))
  const { mode, uid, gid } = statSync(join(queue.root, path))
  const calls = await opened(queue, 'lossless-check')
  const claim = async () => {
    const result = await calls.claim(id).catch(error => error)
    if (result.kind !== 'held' && result.code !== 'CLOSED') return result
    return calls.claim(id, { force: 'the test wants it' })
  }

  const claimed = await claim()
  expect({ [path]: claimed.kind ?? claimed.message }).toEqual({
    [path]: expect.stringMatching(/^(granted|takenOver)$/),
  })
  const locked = withLock(before, 'lossless-check', NOW)
  expectSame(readFileSync(join(queue.root, path)), locked)
  expect((await calls.release(id)).reason).toBe('released')
  const released = withLock(locked, '', '')
  expectSame(readFileSync(join(queue.root, path)), released)

  expect((await claim()).kind).toBe('granted')
  expectSame(readFileSync(join(queue.root, path)), locked)
  expect((await calls.release(id)).released).toBe(true)
  expectSame(readFileSync(join(queue.root, path)), released)

  const after = statSync(join(queue.root, path))
  expect({ mode: after.mode, uid: after.uid, gid: after.gid }).toEqual({ mode, uid, gid })
}

/** What the tests of archive have in common. */
import { readdirSync } from 'node:fs'
import { expect } from 'vitest'
import type { Queue } from '../../support/queue.ts'

/** How an item looks in the archive. */
export const archived = (before: string, completed: string) =>
  before
    .replace(/^status: .*$/m, 'status: archived')
    .replace(/^locked_(by|at): .*$/gm, 'locked_$1: ""')
    .replace(/\n---\n\n#/, `\ncompleted_at: ${completed}\n---\n\n#`)

export const typesOf = (queue: Queue) =>
  queue
    .events()
    .filter(event => event.item === 'WRK-1')
    .map(({ type }) => type)

/** All items of a queue, by their places. */
export const places = (queue: Queue): string[] =>
  (readdirSync(queue.root, { recursive: true, encoding: 'utf8' }) as string[])
    .filter(name => /WRK-\d.*\.md$/.test(name))
    .sort()

export function expectUnchanged(queue: Queue, before: string, name = 'pending/WRK-1.md'): void {
  expect(places(queue)).toEqual([name])
  expect(queue.read(name)).toBe(before)
  expect(queue.leftovers()).toEqual([])
}

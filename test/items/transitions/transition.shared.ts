/** What the tests of transition have in common. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Queue } from '../../support/queue.ts'
import type { Json, Result } from '../../support/result.ts'

export const VERBS = ['start', 'block', 'unblock', 'done', 'cancel', 'reopen'] as const
const FOLDERS = ['', 'pending', 'working', 'blocked', 'done', 'archive']

/** Where an item is: every folder that has a file of its name. */
export function places(queue: Queue, id = 'WRK-1'): string[] {
  const months = readdirSync(queue.path('archive')).map(name => `archive/${name}`)
  return [...FOLDERS, ...months].filter(folder => existsSync(join(queue.root, folder, `${id}.md`)))
}

export function textOf(queue: Queue, id = 'WRK-1'): string {
  const [folder, ...others] = places(queue, id)
  expect(others).toEqual([])
  return readFileSync(join(queue.root, folder!, `${id}.md`), 'utf8')
}

export const field = (text: string, key: string) => new RegExp(`^${key}: "?(.*?)"?$`, 'm').exec(text)?.[1]
export const pendingNotes = (queue: Queue) =>
  existsSync(queue.path('.wrk/moves')) ? readdirSync(queue.path('.wrk/moves')) : []

export function expectError(result: Result, exitCode: number, code: string): Json {
  expect(result.json).toMatchObject({ ok: false, error: { code } })
  expect(result.code).toBe(exitCode)
  return result.json
}

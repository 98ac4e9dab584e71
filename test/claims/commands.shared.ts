/** What the tests of commands have in common. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'

export const TEXT = expect.stringMatching(/./)
export const COMMANDS = [
  'init',
  'claim',
  'release',
  'heartbeat',
  'show',
  'list',
  'status',
  'session',
  'execute',
  'review',
  'archive',
  'set',
  'gates',
  'log',
  'where',
]

/** Checks that stdout is one JSON object on one line, as every command promises, and gives it. */
export function oneObject(result: Result): Json {
  expect(result.stdout).toMatch(/^\{.*\}\n$/)
  expect(result.json).toMatchObject({ schema_version: 1, ok: result.code === 0 })
  return result.json
}

export function expectError(result: Result, exitCode: number, code: string): Json {
  const json = oneObject(result)
  expect(json).toMatchObject({ ok: false, error: { code, message: TEXT } })
  expect(json.error).toHaveProperty('hint')
  expect(result.code).toBe(exitCode)
  return json
}

export function git(cwd: string, ...args: string[]): void {
  const settings = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'protocol.file.allow=always']
  const env = cleanEnv(tempFolder(), { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' })
  const done = spawnSync('git', [...settings, ...args], { cwd, env, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`)
}

/** A repository with a queue in it, committed. */
export function repository(withQueue: boolean, settings = ''): string {
  const folder = join(tempFolder(), 'repo')
  mkdirSync(folder)
  git(folder, 'init', '-q', '-b', 'main')
  writeFileSync(join(folder, 'README.md'), 'x\n')
  if (withQueue) {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'wrk.yaml': `ttl: 2h\n${settings}` })
    mkdirSync(join(folder, '.claude'))
    cpSync(queue.root, join(folder, '.claude', 'work-queue'), { recursive: true })
  }
  git(folder, 'add', '-A')
  git(folder, 'commit', '-qm', 'start')
  return folder
}

export const queueIn = (folder: string) => join(folder, '.claude', 'work-queue')

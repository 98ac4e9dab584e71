/** What the tests of hooks have in common. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { makeRepository, type Repository } from '../support/repository.ts'
import type { Result } from '../support/result.ts'

/** WRK-1 is held by `other`. */
export async function withHooks(): Promise<Repository> {
  const repository = await makeRepository()
  await claimed(repository)
  expect((await repository.wrk('hooks install')).code).toBe(0)
  return repository
}

export async function claimed(repository: Repository): Promise<void> {
  repository.sessions({ id: 'tester', heartbeat_at: new Date() }, { id: 'other', heartbeat_at: new Date() })
  expect((await repository.wrk('claim WRK-1', { session: 'other' })).code).toBe(0)
}

export const hooksOf = (repository: Repository) => join(repository.top, '.git', 'hooks')

/** Every entry of a folder with its kind, mode, time and content; null when there is no folder. */
export function snapshot(folder: string): Record<string, string> | null {
  if (!existsSync(folder)) return null
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map(name => {
      const path = join(folder, name)
      const stat = lstatSync(path, { bigint: true })
      const content = stat.isSymbolicLink()
        ? readlinkSync(path)
        : stat.isFile()
          ? readFileSync(path, 'latin1')
          : ''
      return [name, `${stat.mode} ${stat.isDirectory() ? '' : stat.mtimeNs} ${content}`]
    }),
  )
}

/** A hook that says that it ran, with its name, arguments and input, and ends with a code. */
export function hook(name: string, code = 0, shebang = '#!/bin/sh'): string {
  return `${shebang}\necho "ran ${name} as \${0##*/} in $(basename "$(dirname "$0")") with $#" >>ran\nexit ${code}\n`
}

export function writeHook(path: string, text: string, mode = 0o755): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
}

export const ran = (repository: Repository) =>
  existsSync(join(repository.top, 'ran')) ? repository.read('ran').trim().split('\n') : []

export const commit = (repository: Repository, message: string, ...more: string[]) =>
  repository.tryGit(['commit', '-q', '-m', message, ...more])

export async function heads(repository: Repository): Promise<number> {
  return Number(await repository.git('rev-list --count HEAD'))
}

export const stateOf = ({ json }: Result) => json.hooks.map(({ state }: { state: string }) => state)

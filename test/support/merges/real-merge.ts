/** Random pairs of histories in a real repository, brought together by git and finished by wrk resolve and a person. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { hasConflictMarkers } from '../../../src/core/merges/settle-item.ts'
import { IN_QUEUE, makeRepository, type Repository } from '../repository.ts'
import { applyAll, type Model, textOf } from './item-histories.ts'
import { expected, needsPerson } from './merge-oracle.ts'
import { fieldsOf, type Histories } from './merge-properties.ts'

export type How = 'merge' | 'rebase' | 'cherry-pick' | 'revert'

const FOLDERS = ['pending', 'working', 'blocked', 'done', 'archive/2026-02']
const at = (folder: string) => join(IN_QUEUE, folder, 'WRK-1.md')

export async function repositoryForMerges(driver: boolean): Promise<Repository> {
  const repository = await makeRepository([])
  for (const folder of FOLDERS) {
    mkdirSync(join(repository.top, IN_QUEUE, folder), { recursive: true })
    repository.write(join(IN_QUEUE, folder, '.gitkeep'), '')
  }
  if (driver) await repository.wrk('hooks install')
  await repository.git('config merge.conflictStyle merge')
  await repository.commitAll('start')
  await repository.git('tag start')
  return repository
}

/** Brings both together, and checks what is left. @returns whether a person was needed */
export async function checkRealMerge(
  repository: Repository,
  histories: Histories,
  how: How,
): Promise<boolean> {
  const { first, before, ours, theirs, form, eol } = histories
  const put = async (model: Model, message: string) => {
    for (const folder of FOLDERS) rmSync(join(repository.top, at(folder)), { force: true })
    repository.write(at(model.folder), textOf(model, { form, eol }))
    await repository.commitAll(message)
  }
  const base = applyAll(first, before)
  await repository.git('checkout -q -f -B main start')
  await repository.git('clean -q -f -d')
  await put(base, 'base')
  let [o, a, b] = [base, applyAll(base, ours), applyAll(base, theirs)] as const
  if (how === 'revert') {
    await put(a, 'to be reverted')
    ;[o, a, b] = [a, applyAll(a, theirs), base]
    await put(a, 'what came after')
    await repository.tryGit('revert --no-edit HEAD~1')
  } else {
    await repository.git('checkout -q -B side')
    await put(b, 'side')
    await repository.git('checkout -q main')
    await put(a, 'main')
    const command = {
      merge: 'merge --no-edit side',
      rebase: 'rebase main side',
      'cherry-pick': 'cherry-pick side',
    }
    await repository.tryGit(command[how])
  }
  const person = await finish(repository, o, a, b)
  await expectOneItem(repository, o, a, b, person)
  for (const name of ['merge', 'rebase', 'cherry-pick', 'revert']) await repository.tryGit(`${name} --abort`)
  return person
}

/** wrk resolve, and what a person does with what it leaves: our side of each conflict. */
async function finish(repository: Repository, o: Model, a: Model, b: Model): Promise<boolean> {
  const first = await repository.wrk('resolve --json')
  const { open } = first.json
  expect([0, 1]).toContain(first.code)
  if (first.code === 0) return false
  const path = expect.any(String)
  expect(open).toEqual([{ id: 'WRK-1', kind: 'conflict', path, keys: expect.any(Array) }])
  const text = repository.read(open[0].path)
  expect(hasConflictMarkers(Buffer.from(text))).toBe(true)
  noLostLines(o, a, b, text)
  const decided = text.replace(/^<{7,} ours\r?\n([\s\S]*?)^={7,}\r?\n[\s\S]*?^>{7,} theirs\r?\n/gm, '$1')
  repository.write(open[0].path, decided)
  const second = await repository.wrk('resolve WRK-1')
  expect({ code: second.code, stderr: second.stderr }).toEqual({ code: 0, stderr: '' })
  return true
}

async function expectOneItem(
  repository: Repository,
  o: Model,
  a: Model,
  b: Model,
  person: boolean,
): Promise<void> {
  const places = FOLDERS.filter(folder => existsSync(join(repository.top, at(folder))))
  expect(places).toHaveLength(1)
  const tracked = await repository.git('ls-files -s')
  expect(tracked.split('\n').filter(line => line.includes('WRK-1'))).toEqual([expect.stringMatching(/ 0\t/)])
  expect(await repository.git('diff --name-only')).toBe('')
  const text = repository.read(at(places[0]!))
  const fields = fieldsOf(text)
  const status = String(fields.status)
  expect([a.status, b.status]).toContain(status)
  expect(places[0]!.startsWith(status === 'archived' ? 'archive' : status)).toBe(true)
  const want = expected(o, a, b)
  const nothing = (value: unknown) => (value === '' || value === undefined ? null : value)
  const lock = { by: nothing(fields.locked_by), at: nothing(fields.locked_at) }
  const locks = [want.lock, { by: a.locked_by, at: a.locked_at }, { by: b.locked_by, at: b.locked_at }]
  expect(locks).toContainEqual(lock)
  if (person) return
  noLostLines(o, a, b, text)
  // Without the driver git merges lists by lines, and may have an id twice where both have added it.
  const ids = [...new Set(fields.related as string[])].toSorted()
  if (!needsPerson(want)) expect(ids).toEqual(want.related)
}

function noLostLines(o: Model, a: Model, b: Model, text: string): void {
  for (const side of [a, b])
    for (const line of side.body)
      if (line !== '' && !o.body.includes(line)) expect(text, `lost: ${line}`).toContain(line)
}

/** Nothing may be kept aside: all that was there is in the files. */
export function nothingKept(repository: Repository): void {
  const folder = join(repository.top, IN_QUEUE, '.wrk', 'conflicts')
  expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
}

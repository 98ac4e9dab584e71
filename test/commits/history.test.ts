/** wrk history: one item through the event log and git. */
import { mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { IN_QUEUE, makeRepository } from '../support/repository.ts'

const at = (folder: string, id = 'WRK-1') => join(IN_QUEUE, folder, `${id}.md`)

test('an item is followed through its folders, with what wrk did and what was committed', async () => {
  const repository = await makeRepository()
  const now = (minute: number) => ({ WRK_NOW: `2026-02-16T10:${String(minute).padStart(2, '0')}:00Z` })
  const commit = async (message: string, minute: number) => {
    await repository.git('add -A')
    const env = { GIT_COMMITTER_DATE: now(minute).WRK_NOW }
    await repository.git(['commit', '-q', '-m', message], { env })
  }
  const start = await repository.wrk('start WRK-1', { env: now(1) })
  expect(start).toMatchObject({ code: 0 })
  await commit('WRK-1: started', 2)
  repository.append(at('working'))
  await commit('WRK-1: more of it', 3)
  expect((await repository.wrk('done WRK-1', { env: now(4) })).code).toBe(0)
  await commit('WRK-1: done', 5)
  // An item whose number only begins alike.
  repository.write(at('pending', 'WRK-12'), item('WRK-12'))
  await commit('another', 6)

  const { json } = await repository.wrk('history 1 --json')
  const [added, ...later] = json.entries.toSorted((one: { time: string }, other: { time: string }) =>
    one.time > '2026-02-17' ? -1 : other.time > '2026-02-17' ? 1 : 0,
  )
  expect(added).toMatchObject({ source: 'git', what: 'added', to: 'pending/WRK-1.md', from: null })
  expect(later).toEqual([
    expect.objectContaining({ source: 'log', type: 'started', session: 'tester' }),
    expect.objectContaining({
      source: 'git',
      what: 'moved',
      from: 'pending/WRK-1.md',
      to: 'working/WRK-1.md',
      subject: 'WRK-1: started',
      body: false,
      fields: expect.arrayContaining([{ key: 'status', from: 'pending', to: 'working' }]),
    }),
    expect.objectContaining({ source: 'git', what: 'changed', body: true, fields: [] }),
    expect.objectContaining({ source: 'log', type: 'finished' }),
    expect.objectContaining({ source: 'git', what: 'moved', from: 'working/WRK-1.md', to: 'done/WRK-1.md' }),
  ])
  const { stdout } = await repository.wrk('history WRK-1', { env: { TZ: 'UTC' } })
  expect(stdout).toContain('2026-02-16 10:01  started by tester\n')
  expect(stdout).toMatch(/^2026-02-16 10:03 {2}commit [0-9a-f]{8} text: WRK-1: more of it \(t\)$/m)
  expect(stdout).toMatch(
    /^2026-02-16 10:05 {2}commit [0-9a-f]{8} working\/ -> done\/; status working -> done; .*: WRK-1: done \(t\)$/m,
  )
})

test('an item that is gone has its history, one that never was has none', async () => {
  const repository = await makeRepository()
  await repository.git(['rm', '-q', at('pending')])
  await repository.commitAll('gone')
  const { json } = await repository.wrk('history WRK-1 --json')
  expect(json.entries.map(({ what }: { what: string }) => what)).toEqual(['added', 'removed'])
  expect((await repository.wrk('history WRK-99')).code).toBe(1)
  expect((await repository.wrk('history ../x')).code).toBe(2)
})

test('what was changed in a merge is shown, what a merge only brought in is shown once', async () => {
  const repository = await makeRepository()
  await repository.git('checkout -q -b side')
  repository.append('WRK-1', 'On the side.\n')
  await repository.commitAll('side')
  await repository.git('checkout -q main')
  mkdirSync(dirname(join(repository.top, at('blocked'))), { recursive: true })
  renameSync(join(repository.top, at('pending', 'WRK-2')), join(repository.top, at('blocked', 'WRK-2')))
  await repository.commitAll('main')
  await repository.git('merge -q --no-edit side')
  const subjects = async () =>
    (await repository.wrk('history WRK-1 --json')).json.entries.map(
      ({ subject }: { subject: string }) => subject,
    )
  expect(await subjects()).toEqual(['the queue', 'side'])
})

test('outside of git it is from the event log alone', async () => {
  const repository = await makeRepository()
  const elsewhere = join(tempFolder(), 'elsewhere')
  mkdirSync(join(elsewhere, 'pending'), { recursive: true })
  mkdirSync(join(elsewhere, 'working'), { recursive: true })
  await repository.wrk(['--queue', elsewhere, 'new', 'Something'], { cwd: dirname(elsewhere) })
  const { json, stderr } = await repository.wrk(['--queue', elsewhere, 'history', 'WRK-1', '--json'], {
    cwd: dirname(elsewhere),
  })
  expect(json.entries.map(({ type }: { type: string }) => type)).toEqual(['created'])
  expect(stderr).toContain('is not in a git repository')
})

test.each(['history', 'check'])('%s names an item as its file does, with its zeros', async command => {
  const repository = await makeRepository(['WRK-001'])
  const { json } = await repository.wrk(`${command} 1 --json`)
  expect(json.item.id ?? json.item).toBe('WRK-001')
})

test('history names an item that is gone as its last file did', async () => {
  const repository = await makeRepository(['WRK-001'])
  await repository.git(['rm', '-q', repository.path('WRK-001')])
  await repository.commitAll('removed')
  expect((await repository.wrk('history 1 --json')).json.item).toBe('WRK-001')
})

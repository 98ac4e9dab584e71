/** What narrows down and arranges `wrk next` and `wrk list`: labels, repositories, waiting, columns, groups; aliases. */
import { describe, expect, test } from 'vitest'
import { item } from '../../support/items.ts'
import { makeQueue } from '../../support/queue.ts'
import type { Json } from '../../support/result.ts'

const ids = (json: Json) => json.items.map(({ id }: { id: string }) => id)

const some = () =>
  makeQueue({
    'pending/WRK-1.md': item('WRK-1', { labels: '[api, web]', owner: 'ann' }),
    'pending/WRK-2.md': item('WRK-2', { tags: '\n  - API', target_repos: '[Site]', priority: 'low' }),
    'done/WRK-3.md': item('WRK-3', { status: 'done', labels: 'web', owner: 'bob' }),
    'working/WRK-4.md': item('WRK-4', { status: 'working', labels: '[]' }),
  })

describe('next', () => {
  test('takes only items with a label, or for a repository, however they are spelled', async () => {
    const queue = some()
    expect((await queue.run('next --label web --json')).json.item.id).toBe('WRK-1')
    expect((await queue.run('next --repo site --json')).json).toMatchObject({
      item: { id: 'WRK-2' },
      ready: 1,
    })
    expect((await queue.run('next --claim --label api --json')).json.item.id).toBe('WRK-1')
    expect((await queue.run('next --claim --label api --json')).json.item.id).toBe('WRK-2')
    expect((await queue.run('next --claim --label api --json')).code).toBe(1)
    expect((await queue.run('next --label api --repo other --json')).code).toBe(1)
  })

  test('offers what was left also to who has no session', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('start 1', { session: 'gone' })
    await queue.run('release 1', { session: 'gone' })
    const { json } = await queue.run('next --json', { session: null })
    expect(json).toMatchObject({ item: { id: 'WRK-1' }, left: { by: 'gone' } })
  })

  test('waits until something is ready, and claims it', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim 1', { session: 'other' })
    const waiting = queue.start('next --claim --wait 60s --json')
    await queue.run('release 1', { session: 'other' })
    const { code, json } = await waiting.end
    expect([code, json.item.id, json.lock.locked_by]).toEqual([0, 'WRK-1', 'tester'])
  })

  test('waits no longer than it was told to', async () => {
    const queue = makeQueue()
    expect((await queue.run('next --wait 0s --json')).code).toBe(1)
    expect((await queue.run('next --claim --wait 1s --json')).json.error.code).toBe('NOT_FOUND')
    expect((await queue.run('next --wait soon --json')).code).toBe(2)
  })
})

describe('list', () => {
  test('leaves out closed items, or those without a label, before it counts to the limit', async () => {
    const queue = some()
    expect(ids((await queue.run('list --open --json')).json)).toEqual(['WRK-1', 'WRK-2', 'WRK-4'])
    expect(ids((await queue.run('list --all --json')).json)).toHaveLength(4)
    expect(ids((await queue.run('list --label web --json')).json)).toEqual(['WRK-1', 'WRK-3'])
    expect(ids((await queue.run('list --label web --label API --limit 2 --sort id --json')).json)).toEqual([
      'WRK-1',
      'WRK-2',
    ])
  })

  test('shows the columns that are named, in their order, any field among them', async () => {
    const queue = some()
    const { stdout } = await queue.run('list --open --columns owner,id,labels')
    expect(stdout.split('\n').map(line => line.trim().split(/ {2,}/))).toEqual([
      ['OWNER', 'ID', 'LABELS'],
      ['ann', 'WRK-1', 'api, web'],
      ['-', 'WRK-2', 'API'],
      ['-', 'WRK-4', '-'],
      [''],
    ])
    const { json } = await queue.run('list --columns id,owner --json')
    expect(json.items[0]).toMatchObject({ id: 'WRK-1', fields: { owner: ['ann'] } })
    expect((await queue.run('list --columns id,a/b')).code).toBe(2)
  })

  test('puts items into groups, an item with two labels into both, those without last', async () => {
    const queue = some()
    const { stdout } = await queue.run('list --group labels --columns id')
    expect(stdout).toBe(
      'API (1)\nID\nWRK-2\n\napi (1)\nID\nWRK-1\n\nweb (2)\nID\nWRK-1\nWRK-3\n\nno labels (1)\nID\nWRK-4\n',
    )
    const { json } = await queue.run('list --group status --json')
    expect(json.groups).toEqual([
      { name: 'working', items: ['WRK-4'] },
      { name: 'pending', items: ['WRK-1', 'WRK-2'] },
      { name: 'done', items: ['WRK-3'] },
    ])
    expect(ids(json)).toHaveLength(4)
  })
})

test('ls is list and add is new, in the help too, and nothing else is taken for them', async () => {
  const queue = makeQueue(['WRK-1'])
  expect((await queue.run('ls --json')).json).toEqual((await queue.run('list --json')).json)
  expect((await queue.run('add ls --json')).json.item.title).toBe('ls')
  expect((await queue.run('help add')).stdout).toBe((await queue.run('help new')).stdout)
  expect((await queue.run(`ls --queue ${queue.root} --limit 1 --json`)).json.items).toHaveLength(1)
})

/** wrk index: INDEX.md as a projection of the items, the same wherever and whenever it is made. */
import { chmodSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR } from '../../support/clock.ts'
import { heldItem, item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'
import { loading } from '../../support/run.ts'
import { together } from '../../support/together.ts'

const several = () =>
  makeQueue({
    'pending/WRK-10.md': item('WRK-10', { priority: 'low', target_repos: '[website, api]' }),
    'pending/WRK-9.md': item('WRK-9', { priority: 'low', target_repos: 'website' }),
    'working/WRK-3.md': heldItem('WRK-3', 'other', ago(HOUR), { status: 'In_Progress', priority: 'High' }),
    'blocked/hub-2.md': item('hub-2', { status: 'blocked', blocked_by: '[WRK-3, WRK-99]', priority: null }),
    'archive/2026-01/WRK-1.md': item('WRK-1', { status: 'archived' }),
    'WRK-7.md': item('WRK-7', { status: null }),
    'pending/WRK-8.md': '---\ntitle: "open\n---\n',
  })

const PAGE = `<!-- Made by \`wrk index --write\` from the items; changes made here are lost. -->

# Work queue

6 open of 7 items.

## By status

| | items |
|---|---:|
| pending | 3 |
| archived | 1 |
| blocked | 1 |
| in-progress | 1 |
| none | 1 |

## By priority

| | items |
|---|---:|
| low | 2 |
| none | 2 |
| high | 1 |
| medium | 1 |

## By repository

| | items |
|---|---:|
| none | 4 |
| website | 2 |
| api | 1 |

## Open items

| item | title | status | priority | waits for |
|---|---|---|---|---|
| [WRK-3](working/WRK-3.md) | What WRK-3 is about | in-progress | High |  |
| [hub-2](blocked/hub-2.md) | What hub-2 is about | blocked |  | WRK-3, WRK-99 |
| [WRK-7](WRK-7.md) | What WRK-7 is about | none | medium |  |
| [WRK-8](pending/WRK-8.md) | ! PROBLEM | pending |  |  |
| [WRK-9](pending/WRK-9.md) | What WRK-9 is about | pending | low |  |
| [WRK-10](pending/WRK-10.md) | What WRK-10 is about | pending | low |  |

## Closed items

| item | title | status | priority | waits for |
|---|---|---|---|---|
| [WRK-1](archive/2026-01/WRK-1.md) | What WRK-1 is about | archived | medium |  |
`

const index = async (queue: Queue, env = {}): Promise<string> => {
  const { code, stdout, stderr } = await queue.run('index', { env })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('the page', () => {
  test('shows the queue at a glance', async () => {
    expect((await index(several())).replace(/\| ! [^|]* \|/, '| ! PROBLEM |')).toBe(PAGE)
  })

  test('is the same whatever the order in which folders are read, the clock, the caller and the locks', async () => {
    const queue = several()
    const wanted = await index(queue)
    const env = loading(
      queue,
      `const fs = require('node:fs')
const { readdirSync } = fs
fs.readdirSync = (...args) => readdirSync(...args).reverse()
`,
    )
    expect(await index(queue, env)).toBe(wanted)
    expect(
      await index(queue, { WRK_NOW: '+400d', WRK_MACHINE: 'another', LANG: 'de_DE.UTF-8', COLUMNS: '200' }),
    ).toBe(wanted)
    await queue.run('claim WRK-10')
    expect(await index(queue)).toBe(wanted)
    // Another queue with the same items, made in another order.
    const same = several()
    expect(await index(same)).toBe(wanted)
  })

  test.each([
    ['a | b || c', 'a \\| b \\|\\| c'],
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    ['[x](http://y) ![z](q)', '\\[x\\](http://y) !\\[z\\](q)'],
    ['`tick` *star* __under__ ~~gone~~', '\\`tick\\` \\*star\\* \\_\\_under\\_\\_ \\~\\~gone\\~\\~'],
    ['back\\\\slash \\\\|', 'back\\\\slash \\\\\\|'],
    ['&lt; &amp;', '&amp;lt; &amp;amp;'],
    ['--> end', '--&gt; end'],
    ['line\\nfeed\\ttab \\e[31m', 'line?feed?tab ?\\[31m'],
    ['# heading', '# heading'],
    ['潮汐 🌊', '潮汐 🌊'],
  ])('keeps the title "%s" in its cell', async (title, cell) => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { title: `"${title}"` }) })
    const row = (await index(queue)).split('\n').filter(line => line.includes('WRK-1.md'))
    expect(row).toEqual([`| [WRK-1](pending/WRK-1.md) | ${cell} | pending | medium |  |`])
  })

  test('links to files of any name, and nothing in another field breaks out of its cell', async () => {
    const name = 'WRK-1 (a) [b] #c?d %20 |e.md'
    const queue = makeQueue({
      [`pending/${name}`]: item('WRK-1', {
        priority: '"a|b"',
        status: '"x|y"',
        blocked_by: '["q|r"]',
        target_repos: '["s|t"]',
      }),
    })
    const text = await index(queue)
    const row = text.split('\n').find(line => line.includes('WRK-1'))!
    const link = /\]\(pending\/([^)]*)\)/.exec(row)![1]!
    expect(decodeURIComponent(link)).toBe(name)
    expect(link).toMatch(/^[A-Za-z0-9%._-]+$/)
    for (const line of text.split('\n').filter(line => line.startsWith('|')))
      expect([3, 6]).toContain(line.replace(/\\\|/g, '').split('|').length - 1)
  })

  test('of an empty queue is one too', async () => {
    expect(await index(makeQueue())).toMatch(
      /\n0 open of 0 items\.\n\n## Open items\n\nNone\.\n\n## Closed items\n\nNone\.\n$/,
    )
  })
})

describe('wrk index --write', () => {
  test('writes INDEX.md, says whether it changed, and is not an item itself', async () => {
    const queue = several()
    const wanted = await index(queue)
    const path = queue.path('INDEX.md')
    const first = await queue.run('index --write --json')
    expect(first.json).toEqual({ schema_version: 1, ok: true, items: 7, path, changed: true })
    expect(queue.read('INDEX.md')).toBe(wanted)
    const { mtimeMs, ino } = statSync(path)
    expect((await queue.run('index --write')).stdout).toBe(`Nothing to do: ${path} is up to date.\n`)
    expect(statSync(path)).toMatchObject({ mtimeMs, ino })
    expect(await index(queue)).toBe(wanted)
    expect((await queue.run('list --json')).json.items).toHaveLength(7)
    expect((await queue.run('index --json')).json).toEqual({
      schema_version: 1,
      ok: true,
      items: 7,
      text: wanted,
    })
    expect(queue.leftovers()).toEqual([])
  })

  test('replaces an older page, keeping its mode; needs no session', async () => {
    const queue = several()
    await queue.run('index --write')
    queue.write('INDEX.md', queue.read('INDEX.md').replace('WRK-3', 'WRK-4'))
    chmodSync(queue.path('INDEX.md'), 0o664)
    expect((await queue.run('index --write', { session: null })).stdout).toBe(
      `Wrote ${queue.path('INDEX.md')}\n`,
    )
    expect(queue.read('INDEX.md')).toBe(await index(queue))
    expect(statSync(queue.path('INDEX.md')).mode & 0o777).toBe(0o664)
  })

  test('leaves a page that somebody wrote by hand, unless it is forced', async () => {
    const queue = several()
    const theirs = '# Our queue\n\nMetrics of the month.\n'
    queue.write('INDEX.md', theirs)
    const refused = await queue.run('index --write --json')
    expect(refused).toMatchObject({ code: 2, json: { ok: false, error: { code: 'USAGE' } } })
    expect(refused.json.error.hint).toContain('wrk index --write --force')
    expect(queue.read('INDEX.md')).toBe(theirs)
    expect((await queue.run('index --write --force')).code).toBe(0)
    expect(queue.read('INDEX.md')).toBe(await index(queue))
  })

  test('does not follow a link in its place', async () => {
    const queue = several()
    const target = join(queue.home, 'target.md')
    writeFileSync(target, 'of somebody else\n')
    symlinkSync(target, queue.path('INDEX.md'))
    const result = await queue.run('index --write --json')
    expect(result.code).toBe(74)
    expect(result.json.error.message).toMatch(/symbolic link.*INDEX\.md/)
    expect(statSync(target).size).toBe('of somebody else\n'.length)
  })

  test('is whole when many write it at once', async () => {
    const queue = several()
    const results = await together(
      Array.from({ length: 12 }, () => ({ args: 'index --write' })),
      { queue },
    )
    expect(results.map(({ code, stderr }) => `${code}${stderr}`)).toEqual(results.map(() => '0'))
    expect(queue.read('INDEX.md')).toBe(await index(queue))
    expect(queue.leftovers()).toEqual([])
  })

  test('is the only command that writes or reads it', async () => {
    const queue = makeQueue({
      'INDEX.md': 'INDEX: {broken\n',
      'pending/WRK-1.md': item('WRK-1'),
      'pending/WRK-2.md': item('WRK-2'),
    })
    for (const args of [
      'new x',
      'next --claim',
      'start 2',
      'block 2',
      'unblock 2',
      'done 2',
      'reopen 2',
      'archive 2',
      'set 1 priority=low',
      'release 1',
      'list --ready',
      'graph',
      'search broken-not-there',
      'index',
      'status',
    ]) {
      const { code, stderr } = await queue.run(args)
      expect({ args, code, stderr }).toEqual({
        args,
        code: args.startsWith('search') ? 1 : 0,
        stderr: expect.not.stringContaining('INDEX'),
      })
      expect(queue.read('INDEX.md')).toBe('INDEX: {broken\n')
    }
    expect((await queue.run('search {broken')).code).toBe(1)
  })
})

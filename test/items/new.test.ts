/** wrk new: ids that no item ever had, from the queue's own template, by as many processes as there may be. */
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { expectDistinctIds, fieldsOf, idsIn } from './new.shared.ts'

function expectError(result: Result, exitCode: number, code: string): Json {
  expect(result.json).toMatchObject({ ok: false, error: { code } })
  expect(result.code).toBe(exitCode)
  return result.json.error
}

describe('wrk new', () => {
  test('makes an item of the built-in template that can be worked on at once', async () => {
    const queue = makeQueue()
    const env = { WRK_NOW: '2026-03-01T12:00:00Z' }
    const result = await queue.run(
      ['new', 'Tide table import', '--priority', 'high', '--complexity', 'complex'],
      { env },
    )
    expect(result).toMatchObject({
      code: 0,
      stderr: '',
      stdout: `Created WRK-001  ${queue.path('WRK-001')}\nNext: wrk start WRK-001\n`,
    })
    expect(fieldsOf(queue, 'WRK-001')).toMatchObject({
      id: 'WRK-001',
      title: 'Tide table import',
      status: 'pending',
      priority: 'high',
      complexity: 'complex',
      blocked_by: [],
      locked_by: '',
      locked_at: '',
    })
    expect((await queue.run('new Another --priority hihg')).stderr).toBe(
      'wrk: warning: unknown priority "hihg". Did you mean high? It counts as medium.\n',
    )
    expect(queue.read('WRK-001')).toContain('created_at: 2026-03-01T12:00:00Z\n')
    expect(queue.read('WRK-001')).toContain('\n# Tide table import\n')
    expect(queue.read('WRK-001')).not.toContain('What is to be done')
    expect((await queue.run('show 1 --json')).json.items?.[0]?.problems ?? []).toEqual([])
    expect((await queue.run('next --claim --json')).json.item.id).toBe('WRK-001')
    expect(queue.events()[0]).toMatchObject({ type: 'created', item: 'WRK-001', session: 'tester' })
    expect(queue.leftovers()).toEqual([])
  })

  test('reports it with --json, with every key', async () => {
    const queue = makeQueue()
    const { json } = await queue.run(['new', '  Two words ', '--json'])
    expect(json).toEqual({
      schema_version: 1,
      ok: true,
      item: { id: 'WRK-001', path: queue.path('WRK-001'), title: 'Two words', status: 'pending' },
    })
  })

  test('needs no session, and takes a title of several words as they are', async () => {
    const queue = makeQueue()
    const result = await queue.run('new Replace the buoy driver --json', { session: null })
    expect(result.json.item.title).toBe('Replace the buoy driver')
    expect(queue.events()).toMatchObject([{ type: 'created', session: null }])
  })

  test.each([
    '',
    '  ',
    'two\nlines',
    'carriage\rreturn',
    'bell\x07',
    'next\x85line',
    'para\u2029graph',
    'x'.repeat(301),
  ])('refuses the title %j and makes nothing', async title => {
    const queue = makeQueue()
    expectError(await queue.run(['new', title, '--json']), 2, 'USAGE')
    expect(idsIn(join(queue.root, 'pending'))).toEqual([])
  })

  test.each([
    ['Fix\tthe parser', 'U+0009'],
    ['a \x1b[31mred\x1b[0m title', 'U+001B'],
    ['turned \u202e around', 'U+202E'],
    ['two\nlines', 'U+000A'],
  ])('names the character for which it refuses the title %j', async (title, named) => {
    const { stderr } = await makeQueue().run(['new', title])
    expect(stderr).toMatch(`wrk: the character ${named} is not allowed in a title\n`)
  })

  test.each([
    'new --json',
    'new x --priority',
    'new x --priority a:b --json',
    'new x --blocked-by ../x --json',
  ])('refuses wrk %s as a usage error', async args => {
    const queue = makeQueue()
    expect((await queue.run(args)).code).toBe(2)
    expect(idsIn(join(queue.root, 'pending'))).toEqual([])
  })

  test('names what it waits for and belongs to as the files do, each once', async () => {
    const queue = makeQueue({
      'pending/WRK-007.md': item('WRK-007'),
      'done/workspace-hub-12.md': item('"workspace-hub#12"', { status: 'done' }),
    })
    const args = 'new x --blocked-by 7 --blocked-by wrk-7 --blocked-by workspace-hub#12 --parent 7'
    expect((await queue.run(args)).code).toBe(0)
    expect(fieldsOf(queue, 'WRK-008')).toMatchObject({
      blocked_by: ['WRK-007', 'workspace-hub#12'],
      parent: 'WRK-007',
    })
    const { waiting } = (await queue.run('next --json --explain')).json
    expect(waiting).toEqual([{ id: 'WRK-008', reasons: ['waits for WRK-007'] }])
  })

  test.each(['--blocked-by', '--parent'])(
    'refuses an item that is not there (%s) and gives out no id',
    async option => {
      const queue = makeQueue(['WRK-1'])
      const { message } = expectError(await queue.run(`new x ${option} 99 --json`), 1, 'NOT_FOUND')
      expect(message).toContain('WRK-99')
      expect((await queue.run('new y --json')).json.item.id).toBe('WRK-002')
    },
  )
})

describe('the id', () => {
  const next = async (queue: Queue, env = {}): Promise<string> =>
    (await queue.run('new x --json', { env })).json.item.id

  test('is above all in any folder, the archive, and folders that hold no items', async () => {
    for (const [path, id] of [
      ['WRK-20.md', 'WRK-021'],
      ['archive/2026-01/WRK-30-a-suffix.md', 'WRK-031'],
      ['archived/WRK-40.md', 'WRK-041'],
      ['parked/WRK-50.md', 'WRK-051'],
      ['archive/old/deep/WRK-60.md', 'WRK-061'],
      ['archive/2026-01/wrk-70.md', 'WRK-071'],
    ] as const) {
      const queue = makeQueue({ 'pending/WRK-3.md': item('WRK-3'), [path]: 'anything\n' })
      expect(await next(queue)).toBe(id)
    }
  })

  test('is above what an item says of itself, though its file has another name', async () => {
    const queue = makeQueue({ 'pending/WRK-3.md': item('WRK-90'), 'pending/WRK-4.md': item('"wrk-0080"') })
    expect(await next(queue)).toBe('WRK-091')
  })

  test('grows beyond three digits, and keeps the width of a queue that fills up with zeros', async () => {
    expect(await next(makeQueue(['WRK-999']))).toBe('WRK-1000')
    expect(await next(makeQueue(['WRK-00041', 'WRK-7']))).toBe('WRK-00042')
    expect(await next(makeQueue(['OTHER-00041', 'WRK-7']))).toBe('WRK-008')
  })

  test('has the prefix of wrk.yaml, and each prefix counts for itself', async () => {
    const queue = makeQueue({
      'wrk.yaml': 'id_prefix: hub-x\n',
      'pending/WRK-50.md': item('WRK-50'),
      'pending/HUB-X-6.md': item('HUB-X-6'),
    })
    expect(await next(queue)).toBe('hub-x-007')
    expect(queue.exists('pending/hub-x-007.md')).toBe(true)
    expect((await queue.run('claim 7')).code).toBe(0)
  })

  test('does not come back when its item was deleted, also as the highest', async () => {
    const queue = makeQueue()
    expect(await next(queue)).toBe('WRK-001')
    rmSync(queue.path('WRK-001'))
    expect(await next(queue)).toBe('WRK-002')
    rmSync(queue.path('WRK-002'))
    expect(await next(queue)).toBe('WRK-003')
  })

  test.each([
    ['cut', '{"tips":["'],
    ['empty', ''],
    ['of another kind', '[1,2]'],
    ['null', 'null'],
    ['of wrong values', '{"tips":[1],"taken":{"wrk":"abc","hub":[1,"x"]}}'],
    ['with foreign commits', '{"tips":["--all"],"taken":{"wrk":[5]}}'],
  ])('is looked for again when the memory is %s', async (_, text) => {
    const queue = makeQueue({ 'pending/WRK-3.md': item('WRK-3'), '.wrk/ids.json': text })
    expect(await next(queue)).toBe(text.includes('[5]') ? 'WRK-006' : 'WRK-004')
    expect(JSON.parse(queue.read('.wrk/ids.json')).taken.wrk).toContain(text.includes('[5]') ? 6 : 4)
  })

  test('is in the range of this machine, until that is used up', async () => {
    const queue = makeQueue({
      'wrk.yaml': 'id_ranges:\n  devbox: 100-102\n  Laptop: 200-299\n',
      'pending/WRK-5.md': item('WRK-5'),
      'pending/WRK-101.md': item('WRK-101'),
    })
    expect(await next(queue, { WRK_MACHINE: 'laptop' })).toBe('WRK-200')
    expect(await next(queue, { WRK_MACHINE: 'devbox' })).toBe('WRK-102')
    const full = await queue.run('new x --json', { env: { WRK_MACHINE: 'devbox' } })
    expect(expectError(full, 2, 'USAGE')).toMatchObject({
      message: 'all ids from 100 to 102 are used up',
      hint: expect.stringContaining('id_ranges'),
    })
    expect(await next(queue, { WRK_MACHINE: 'third' })).toBe('WRK-006')
  })

  test.each([
    ['id_ranges: 1-5\n', '1:1'],
    ['id_ranges:\n  a: 5\n', '2:3'],
    ['id_ranges:\n  a: 9-3\n', '2:3'],
    ['id_ranges:\n  a: [1, 5]\n', '2:3'],
    ['id_ranges:\n  a: 1-50\n  b: 50-99\n', '3:3'],
  ])('is not given while the ranges are wrong: %j', async (settings, place) => {
    const queue = makeQueue({ 'wrk.yaml': settings })
    expect(expectError(await queue.run('new x --json'), 2, 'USAGE').message).toContain(
      `wrk.yaml:${place}: id_ranges`,
    )
  })
})

describe('the template of the queue', () => {
  const made = async (template: string | Buffer, args: readonly string[] = ['new', 'A title', '--json']) => {
    const queue = makeQueue({ 'templates/item.md': template })
    return { queue, result: await queue.run(args) }
  }

  test('gives other keys and text, and whatever it does not say is added', async () => {
    const { queue } = await made('---\nowner: nobody # a comment\nurgency: 3\n---\nOur own text.\n', [
      'new',
      'A title',
      '--priority',
      'low',
    ])
    expect(queue.read('WRK-001')).toMatch(
      /^---\nowner: nobody # a comment\nurgency: 3\nid: WRK-001\ntitle: A title\nstatus: pending\npriority: low\nlocked_by: ""\nlocked_at: ""\ncreated_at: \S+\n---\nOur own text\.\n$/,
    )
  })

  test('with CRLF and a byte order mark keeps both', async () => {
    const text = '\ufeff---\r\nid: X\r\ntitle: Old\r\nstatus: draft\r\n---\r\n\r\n# Old\r\n\r\nText.\r\n'
    const { queue } = await made(text)
    const bytes = queue.read('WRK-001')
    expect(bytes.startsWith('\ufeff---\r\nid: WRK-001\r\ntitle: A title\r\nstatus: pending\r\n')).toBe(true)
    expect(bytes.endsWith('---\r\n\r\n# A title\r\n\r\nText.\r\n')).toBe(true)
    expect(bytes.replace(/\r\n/g, '')).not.toContain('\n')
  })

  test('has only that heading changed which is its title, and nothing that merely begins like it', async () => {
    const text = '---\n# What\ntitle: What\nid: X\n---\n# What is what\n## What\n\n# What\n\n# What\n'
    const { queue } = await made(text)
    expect(queue.read('WRK-001')).toContain('---\n# What\ntitle: A title\n')
    expect(queue.read('WRK-001')).toMatch(/---\n# What is what\n## What\n\n# A title\n\n# What\n$/)
  })

  test('may hold lists and maps below its keys, and bytes that are not UTF-8', async () => {
    const text = Buffer.concat([
      Buffer.from('---\nid: X\ntitle: Old\nblocked_by:\n  - nothing\nextra: { a: [1, 2] }\n---\n# Old\n'),
      Buffer.from([0xff, 0xfe, 0x0a]),
    ])
    const queue = makeQueue({ 'templates/item.md': text, 'pending/WRK-1.md': item('WRK-1') })
    expect((await queue.run('new y --blocked-by 1')).code).toBe(0)
    expect(fieldsOf(queue, 'WRK-002')).toMatchObject({ blocked_by: ['WRK-1'], extra: { a: [1, 2] } })
    expect(readFileSync(queue.path('WRK-002')).subarray(-3)).toEqual(Buffer.from([0xff, 0xfe, 0x0a]))
  })

  test.each([
    ['without frontmatter', '# Just text\n', 1],
    ['that is empty', '', 1],
    ['that is never closed', '---\nid: X\ntitle: Y\n', 1],
    ['of broken YAML', '---\nid: X\ntitle: "open\n---\n', 3],
    ['with a key twice', '---\nid: X\na: 1\ntitle: Y\ntitle: Z\n---\n', 2],
  ])('%s is refused with its line, and costs no id', async (_, template, line) => {
    const { queue, result } = await made(template)
    const error = expectError(result, 5, 'INVALID_ITEM')
    expect(error.message).toContain(`templates/item.md:${error.line}: `)
    expect(error.line).toBeGreaterThanOrEqual(1)
    expect(Math.abs(error.line - line)).toBeLessThanOrEqual(1)
    expect(error.hint).toContain('template')
    expect(idsIn(join(queue.root, 'pending'))).toEqual([])
    queue.write('templates/item.md', '---\n---\n')
    rmSync(queue.path('templates/item.md'))
    expect((await queue.run('new x --json')).json.item.id).toBe('WRK-001')
  })

  test('that is a link is refused with a clear message', async () => {
    const queue = makeQueue({ 'elsewhere.md': '---\nid: X\n---\n' })
    mkdirSync(join(queue.root, 'templates'))
    symlinkSync(queue.path('elsewhere.md'), queue.path('templates/item.md'))
    const error = expectError(await queue.run('new x --json'), 74, 'IO')
    expect(error.message).toMatch(/templates\/item\.md.*symbolic link/)
  })
})

describe('--edit', () => {
  function editor(queue: Queue, script: string): string {
    const path = join(queue.home, 'editor')
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    return path
  }

  test('opens the new file in the editor, with the editor’s own arguments', async () => {
    const queue = makeQueue()
    const program = editor(queue, 'echo "$@" >"$HOME/args"; echo "Written by hand." >>"$3"')
    const result = await queue.run('new x --edit --json', { env: { EDITOR: `${program}  --wait -n` } })
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.json.item.id).toBe('WRK-001')
    expect(readFileSync(join(queue.home, 'args'), 'utf8')).toBe(`--wait -n ${queue.path('WRK-001')}\n`)
    expect(queue.read('WRK-001')).toMatch(/Written by hand\.\n$/)
  })

  test('takes VISUAL before EDITOR', async () => {
    const queue = makeQueue()
    const VISUAL = editor(queue, 'echo visual >"$HOME/which"')
    expect((await queue.run('new x --edit', { env: { VISUAL, EDITOR: 'false' } })).stderr).toBe('')
    expect(readFileSync(join(queue.home, 'which'), 'utf8')).toBe('visual\n')
  })

  test.each([
    ['false', 'the editor ended with 1'],
    ['/no/such/editor', 'could not start the editor /no/such/editor: there is no such program'],
  ])('warns when the editor (%s) fails; the item is there', async (EDITOR, problem) => {
    const queue = makeQueue()
    const result = await queue.run('new x --edit', { env: { EDITOR } })
    expect(result).toMatchObject({
      code: 0,
      stdout: `Created WRK-001  ${queue.path('WRK-001')}\nNext: wrk start WRK-001\n`,
    })
    expect(result.stderr.replace(/\s+/g, ' ')).toBe(
      `wrk: warning: ${problem}; the item is there all the same `,
    )
    expect(queue.exists('WRK-001')).toBe(true)
  })

  test('without an editor is a usage error and makes nothing', async () => {
    const queue = makeQueue()
    expectError(await queue.run('new x --edit --json'), 2, 'USAGE')
    expect(idsIn(join(queue.root, 'pending'))).toEqual([])
  })
})

test('eight processes at the same instant get eight ids, without a gap', () => expectDistinctIds(1, 8))

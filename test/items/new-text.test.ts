/** What `wrk new` takes for an item's fields and text, from options, files and stdin. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeQueue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { fieldsOf, idsIn } from './new.shared.ts'

function expectError(result: Result, exitCode: number, code: string): Json {
  expect(result.json).toMatchObject({ ok: false, error: { code } })
  expect(result.code).toBe(exitCode)
  return result.json.error
}

describe('what an item says from the start', () => {
  test('has its labels, repositories, criteria and text, in the form of the template', async () => {
    const queue = makeQueue()
    const words = [
      'new',
      'A title',
      '-p',
      'high',
      '-l',
      'api, web',
      '-l',
      'on',
      '-r',
      'org/repo',
      '-b',
      'Some text.\n\n## Why\n',
    ]
    const { code, stderr } = await queue.run([...words, '--criteria', 'first: one', 'second'])
    expect([code, stderr]).toEqual([0, ''])
    expect(fieldsOf(queue, 'WRK-001')).toMatchObject({
      title: 'A title',
      priority: 'high',
      labels: ['api', 'web', 'on'],
      target_repos: ['org/repo'],
    })
    expect(queue.read('WRK-001').split('---\n').at(-1)).toBe(
      '\n# A title\n\nSome text.\n\n## Why\n\n## Acceptance criteria\n\n- [ ] first: one\n- [ ] second\n',
    )
    expect((await queue.run('check 1 --json')).json.criteria).toMatchObject([
      { text: 'first: one', checked: false },
      { text: 'second', checked: false },
    ])
  })

  test('puts criteria in place of the empty box of the template', async () => {
    const queue = makeQueue()
    await queue.run(['new', 'x', '--criteria', 'it works'])
    expect(queue.read('WRK-001')).toMatch(/\n## Why\n\n## Acceptance criteria\n\n- \[ \] it works\n$/)
  })

  test('reads its text from stdin, byte for byte, with a title of its own or without', async () => {
    const queue = makeQueue()
    const body = Buffer.from('# Own title\r\n---\r\nid: WRK-9\r\n---\r\n\xff tail', 'latin1')
    await queue.run(['new', 'x', '--body', '-'], { input: body })
    const bytes = readFileSync(queue.path('WRK-001'))
    expect(bytes.subarray(bytes.indexOf('\n---\n') + 5)).toEqual(
      Buffer.concat([Buffer.from('\n'), body, Buffer.from('\n')]),
    )
    expect((await queue.run('show 1 --json')).json.problems).toEqual([])
    expect(fieldsOf(queue, 'WRK-001').id).toBe('WRK-001')
  })

  test.each([
    'yes',
    'a: b',
    "it's #1",
    '"quoted"',
    '[x]',
    'x - dash',
    '2026-01-01',
    'ünïcode ✓',
    '\\',
    "'",
    '1_000',
    '& *',
  ])('reads back as it was typed: %j', async text => {
    const queue = makeQueue()
    const { code } = await queue.run([
      'new',
      text,
      '-l',
      text,
      '-r',
      text,
      '--criteria',
      text,
      '--body',
      text,
    ])
    expect(code).toBe(0)
    expect(fieldsOf(queue, 'WRK-001')).toMatchObject({ title: text, labels: [text], target_repos: [text] })
    expect((await queue.run('doctor --json')).json.findings).toEqual([])
    expect((await queue.run('check 1 --json')).json.criteria.at(-1).text).toBe(text)
  })

  test.each([
    [['new', 'x', '-l', 'two\nlines'], 'U+000A is not allowed in --label'],
    [['new', 'x', '--criteria', ''], '--criteria must be one line'],
    [['new', 'x', '--body', 'a', '--from', 'b'], '--body and --from exclude each other'],
    [['new', '-', '--body', '-'], 'stdin cannot hold both titles and --body'],
    [['new'], 'missing argument: wrk new <title>'],
  ])('refuses %j and makes nothing', async (words, message) => {
    const queue = makeQueue()
    expect(expectError(await queue.run([...words, '--json']), 2, 'USAGE').message).toContain(message)
    expect(idsIn(join(queue.root, 'pending'))).toEqual([])
  })
})

describe('--from a file', () => {
  test('with frontmatter keeps its fields and text, but for what tells of its own past', async () => {
    const queue = makeQueue()
    const path = join(queue.home, 'idea.md')
    writeFileSync(
      path,
      '---\nid: OLD-7\ntitle: An idea # here\nowner: ann\nstatus: done\ncompleted_at: 2020-01-01\nlocked_by: "x"\n---\n# An idea\n\nText.\n',
    )
    const { json } = await queue.run(['new', '--from', path, '-p', 'low', '--json'])
    expect(json.item).toMatchObject({ id: 'WRK-001', title: 'An idea', status: 'pending' })
    expect(fieldsOf(queue, 'WRK-001')).toMatchObject({
      id: 'WRK-001',
      owner: 'ann',
      status: 'pending',
      priority: 'low',
      completed_at: '',
      locked_by: '',
    })
    expect(queue.read('WRK-001')).toMatch(/---\n# An idea\n\nText\.\n$/)
  })

  test('without frontmatter is the text; its heading is the title unless one is given', async () => {
    const queue = makeQueue()
    const input = 'Intro\n\n# The heading\n\nMore.\n'
    await queue.run('new --from -', { input })
    await queue.run('new Another --from -', { input })
    expect([fieldsOf(queue, 'WRK-001').title, fieldsOf(queue, 'WRK-002').title]).toEqual([
      'The heading',
      'Another',
    ])
    expect(queue.read('WRK-002')).toMatch(/---\n\n# Another\n\nIntro\n\n# The heading\n\nMore\.\n$/)
  })

  test('that is broken is named with its line; one that is missing, too', async () => {
    const queue = makeQueue()
    const path = join(queue.home, 'bad.md')
    writeFileSync(path, '---\ntitle: "open\n---\n')
    const bad = expectError(await queue.run(['new', '--from', path, '--json']), 5, 'INVALID_ITEM')
    expect(bad.message).toContain(`${path}:3:`)
    const none = await queue.run(['new', '--from', join(queue.home, 'none.md'), '--json'])
    expect([none.code, none.json.error.message]).toEqual([1, expect.stringContaining('none.md')])
    expect(idsIn(join(queue.root, 'pending'))).toEqual([])
  })
})

describe('several titles from stdin', () => {
  test('make an item each, with the same options', async () => {
    const queue = makeQueue()
    const { stdout } = await queue.run('new - -l api', { input: 'First\r\n\n  Second: one  \n' })
    expect(stdout).toBe('Created WRK-001  First\nCreated WRK-002  Second: one\n')
    expect(fieldsOf(queue, 'WRK-002')).toMatchObject({ title: 'Second: one', labels: ['api'] })
    const { json } = await queue.run('new - --json', { input: 'Third\n' })
    expect(json.items).toEqual([
      { id: 'WRK-003', path: queue.path('WRK-003'), title: 'Third', status: 'pending' },
    ])
  })

  test('are all checked before the first is made', async () => {
    const queue = makeQueue()
    expect((await queue.run('new -', { input: 'First\nbell\x07\n' })).code).toBe(2)
    expect((await queue.run('new -', { input: '\n \n' })).code).toBe(2)
    expect(idsIn(join(queue.root, 'pending'))).toEqual([])
  })
})

describe('--claim', () => {
  test('gives the item to the caller at once', async () => {
    const queue = makeQueue()
    const { json } = await queue.run('new x --claim --json')
    expect(json.lock.locked_by).toBe('tester')
    expect(queue.lock('WRK-001').by).toBe('tester')
    expect((await queue.run('new y --claim')).stdout).toMatch(/^Created and claimed WRK-002 /)
  })

  test('without a session makes nothing', async () => {
    const queue = makeQueue()
    expectError(await queue.run('new x --claim --json', { session: null }), 2, 'NO_SESSION')
    expect(idsIn(join(queue.root, 'pending'))).toEqual([])
  })
})

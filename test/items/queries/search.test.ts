/** wrk search: text in the items, taken as it is. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'
import type { Json } from '../../support/result.ts'

const found = async (queue: Queue, ...words: string[]): Promise<string[]> => {
  const { json } = await queue.run(['search', '--json', '--', ...words])
  return json.items.map(({ id }: Json) => id)
}

describe('wrk search', () => {
  test('finds text in frontmatter and body, in any letter case, open items first', async () => {
    const queue = makeQueue({
      'archive/2026-01/WRK-1.md': `${item('WRK-1', { status: 'archived' })}The Session Lock.\n`,
      'pending/WRK-2.md': item('WRK-2', { title: 'session lock' }),
      'done/WRK-3.md': `${item('WRK-3', { status: 'done' })}a SESSION LOCK\n`,
      'working/WRK-4.md': `${item('WRK-4', { status: 'working' })}\nsession  lock\n`,
      'README.md': 'session lock\n',
    })
    expect(await found(queue, 'session lock')).toEqual(['WRK-2', 'WRK-3', 'WRK-1'])
    expect(await found(queue, 'Session', 'LOCK')).toEqual(['WRK-2', 'WRK-3', 'WRK-1'])
    expect(await found(queue, 'what wrk-1 is about')).toEqual(['WRK-1'])
  })

  test('reports lines with their numbers, in text and as data', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': `${item('WRK-1')}\r\nfirst TODO\r\n\r\n   second todo  \r\n`,
    })
    const { json } = await queue.run('search todo --json')
    expect(json).toEqual({
      schema_version: 1,
      ok: true,
      items: [
        {
          id: 'WRK-1',
          title: 'What WRK-1 is about',
          status: 'pending',
          path: queue.path('WRK-1'),
          lines: [
            { line: 15, text: 'first TODO' },
            { line: 17, text: '   second todo  ' },
          ],
        },
      ],
    })
    expect((await queue.run('search todo')).stdout).toBe(
      'WRK-1  What WRK-1 is about (pending)\n  15: first TODO\n  17: second todo\n',
    )
  })

  test.each(['a.c', '[x]', '(', '\\d+', '$', '^---', '*', '?', 'a|b', '{2}', '"', "'", '--json', '-x'])(
    'takes %s as it is',
    async text => {
      const queue = makeQueue({
        'pending/WRK-1.md': `${item('WRK-1')}here: ${text} there\n`,
        'pending/WRK-2.md': '---\nid: WRK-2\nstatus: pending\n---\nabc x 1 aac\n',
      })
      expect(await found(queue, `here: ${text} there`)).toEqual(['WRK-1'])
      expect(await found(queue, text)).not.toContain('WRK-2')
    },
  )

  test('finds what is not English', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': `${item('WRK-1')}Überprüfung der 潮汐 🌊\n` })
    for (const text of ['überprüfung', 'ÜBERPRÜFUNG', '潮汐', '🌊'])
      expect(await found(queue, text)).toEqual(['WRK-1'])
  })

  test('shows the part of a long line that matched, within the screen, and a few lines of each item', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': `${item('WRK-1')}${'x '.repeat(300)}NEEDLE${' y'.repeat(300)}\n${'needle\n'.repeat(9)}`,
      'pending/WRK-2.md': `${item('WRK-2', { title: `"${'long '.repeat(40)}"` })}needle \x1b[31m red\n`,
    })
    const { stdout } = await queue.run('search needle', { env: { COLUMNS: '80' } })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.filter(line => line.length > 80)).toEqual([])
    expect(lines[1]).toMatch(/^ {2}14: ….*NEEDLE.*…$/)
    expect(lines[4]).toBe('  … and 7 more lines')
    expect(stdout).not.toContain('\x1b')
    expect((await queue.run('search needle --json')).json.items[0].lines).toHaveLength(10)
    // Into a pipe goes all of it.
    const piped = (await queue.run('search needle')).stdout
    expect(piped.match(/needle/gi)).toHaveLength(11)
    expect(piped).not.toContain('…')
  })

  test('nothing found is exit 1', async () => {
    const queue = makeQueue(['WRK-1'])
    const result = await queue.run('search no such text --json')
    expect(result.code).toBe(1)
    expect(result.json).toMatchObject({
      ok: false,
      items: [],
      error: { code: 'NOT_FOUND', message: 'no item contains "no such text"' },
    })
    expect(await queue.run('search nope')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'wrk: no item contains "nope"\n',
    })
  })

  test('takes at most as many items as --limit says; no text is a usage error', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    expect((await queue.run('search text --limit 2 --json')).json.items).toHaveLength(2)
    expect((await queue.run('search text --limit 99 --json')).json.items).toHaveLength(3)
    for (const args of [['search'], ['search', ''], ['search', '  '], ['search', 'x', '--limit', 'many']])
      expect((await queue.run([...args, '--json'])).code).toBe(2)
  })

  test('skips what cannot be read, with a warning, and does not leave the queue', async () => {
    const queue = makeQueue(['WRK-1'])
    const outside = join(queue.home, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'WRK-9.md'), `${item('WRK-9')}needle\n`)
    symlinkSync(join(outside, 'WRK-9.md'), queue.path('WRK-9'))
    symlinkSync(outside, queue.path('archived'))
    mkdirSync(queue.path('WRK-8'))
    queue.write('WRK-2', Buffer.from([0xff, 0x00, 0x6e, 0x65, 0x65, 0x64, 0x6c, 0x65, 0x0a]))
    queue.write('WRK-3', `no frontmatter, but a needle\n`)
    queue.write(
      'WRK-4',
      Buffer.concat([Buffer.from(`${item('WRK-4')}needle\n`), Buffer.alloc(9 * 1024 * 1024, 120)]),
    )
    queue.write('WRK-5', `${item('WRK-5')}needle\n`)
    chmodSync(queue.path('WRK-5'), 0)
    const result = await queue.run('search needle --json')
    expect(result.code).toBe(0)
    expect(result.stderr).toMatch(
      /^wrk: warning: not searched, because they cannot be read: WRK-[\d, WRK-]+( and 1 more)?. Why: wrk doctor\n$/,
    )
    for (const id of ['WRK-4', 'WRK-8']) expect(result.stderr).toContain(id)
    const ids = result.json.items.map(({ id }: Json) => id)
    expect(ids.filter((id: string) => id !== 'WRK-5')).toEqual(['WRK-2', 'WRK-3'])
    expect((await queue.run('search needle')).stdout).not.toMatch(/[\x00\x1b\ufeff]/)
  })

  test('writes nothing', async () => {
    const queue = makeQueue(['WRK-1'])
    const before = queue.read('WRK-1')
    await queue.run('search text', { session: null })
    expect(queue.read('WRK-1')).toBe(before)
    expect(queue.exists('INDEX.md')).toBe(false)
    expect(queue.exists('session-state.yaml')).toBe(false)
  })
})

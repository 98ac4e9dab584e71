/** The rest of verify.test.ts: what takes too long for every run. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'
import { claim, codes, withSessions } from './verify.shared.ts'

describe('a staged item is refused with 1', () => {
  const refused: [what: string, path: string, content: string | Buffer, finding: Json][] = [
    [
      'without frontmatter',
      'pending/WRK-9.md',
      '# Only text\n',
      { code: 'no-frontmatter', line: 1, fix: expect.stringContaining('git add') },
    ],
    ['that is empty', 'pending/WRK-9.md', '', { code: 'no-frontmatter', line: 1 }],
    [
      'with broken frontmatter',
      'pending/WRK-9.md',
      '---\nid: WRK-9\ntitle: "never closed\nstatus: pending\n---\n',
      { code: 'unreadable', line: expect.any(Number) },
    ],
    [
      'with a key twice',
      'pending/WRK-9.md',
      item('WRK-9').replace('title:', 'id: WRK-9\ntitle:'),
      { code: 'duplicate-key', line: 3 },
    ],
    [
      'without a title',
      'pending/WRK-9.md',
      item('WRK-9', { title: null }),
      { code: 'missing-field', line: 1, fix: expect.stringMatching(/^wrk set WRK-9 title=/) },
    ],
    [
      'with an empty status',
      'pending/WRK-9.md',
      item('WRK-9', { status: '' }),
      { code: 'missing-field', line: 4, fix: expect.stringMatching(/^wrk set WRK-9 status=pending/) },
    ],
    ['without an id', 'pending/WRK-9.md', item('WRK-9', { id: null }), { code: 'missing-field', line: 1 }],
    [
      'with half a lock',
      'pending/WRK-9.md',
      item('WRK-9', { locked_at: '"2026-02-16T19:30:05Z"' }),
      { code: 'half-lock', line: 8, fix: expect.stringMatching(/^wrk claim WRK-9/) },
    ],
    [
      'whose lock has no time',
      'pending/WRK-9.md',
      item('WRK-9', { locked_by: 'tester', locked_at: null }),
      { code: 'half-lock', line: 7 },
    ],
    [
      'whose lock is a list',
      'pending/WRK-9.md',
      item('WRK-9', { locked_by: '[a, b]' }),
      { code: 'unreadable-lock', line: 7 },
    ],
    [
      'whose id is not its name',
      'pending/WRK-9.md',
      item('WRK-8'),
      {
        code: 'id-mismatch',
        line: 2,
        fix: `git mv ${IN_QUEUE}/pending/WRK-9.md ${IN_QUEUE}/pending/WRK-8.md`,
      },
    ],
    [
      'whose id is in two places',
      'WRK-1.md',
      item('WRK-1'),
      { code: 'ambiguous', line: 1, fix: expect.stringContaining(`git rm ${IN_QUEUE}/pending/WRK-1.md`) },
    ],
    [
      'that is done, in pending',
      'pending/WRK-9.md',
      item('WRK-9', { status: 'done' }),
      { code: 'status-folder', line: 4, fix: 'wrk archive WRK-9' },
    ],
    [
      'that is pending, in working',
      'working/WRK-9.md',
      item('WRK-9'),
      {
        code: 'status-folder',
        line: 4,
        fix: expect.stringContaining(`git mv ${IN_QUEUE}/working/WRK-9.md ${IN_QUEUE}/pending/WRK-9.md`),
      },
    ],
  ]
  test.each(refused)('%s, with file, line, and how to fix it', async (_, path, content, finding) => {
    const repository = await makeRepository()
    repository.write(join(IN_QUEUE, path), content)
    const result = await repository.verifyAll()
    expect(result.code).toBe(1)
    expect(result.json).toMatchObject({ ok: false, error: { code: 'FAILED' } })
    expect(result.json.findings).toMatchObject([
      { path: `${IN_QUEUE}/${path}`, holder: null, fix: expect.stringMatching(/./), ...finding },
    ])
    expect(result.stderr).toBe('')
  })
})

describe('a queue of another repository that the environment names', () => {
  test.each(['WRK_QUEUE', 'WORK_ITEM_ROOT'])('by %s does not judge in place of its own', async variable => {
    const repository = await withSessions()
    const elsewhere = await makeRepository()
    await claim(repository, 'WRK-1', 'other')
    repository.append('WRK-1')
    await repository.git('add -A')
    const env = { [variable]: join(elsewhere.top, IN_QUEUE) }
    expect(codes(await repository.wrk('verify --staged --json', { env }))).toEqual(['held'])
    repository.write('.git/MESSAGE', 'WRK-1: x')
    const message = await repository.wrk('verify --json --commit-msg .git/MESSAGE', { env })
    // What is staged, and what the message names.
    expect(codes(message)).toEqual(['held', 'held'])
    // A flag is no inheritance.
    const byFlag = await repository.wrk(['verify', '--queue', elsewhere.top], { env })
    expect(byFlag).toMatchObject({ code: 0, stdout: expect.stringContaining('is not in this repository') })
  })
})

describe('of a commit message', () => {
  const verify = (repository: Repository, message: string, session: string | null = 'tester') => {
    repository.write('.git/MESSAGE', message)
    return repository.wrk('verify --json --commit-msg .git/MESSAGE', { session })
  }

  test('the subject may not name an item that another living session holds', async () => {
    const repository = await withSessions(['WRK-1', 'WRK-2', 'hub-7'])
    await claim(repository, 'WRK-1', 'other')
    await claim(repository, 'hub-7', 'other')
    for (const subject of [
      'WRK-1: this and that',
      'feat(wrk-0001) it',
      'fix-WRK-1',
      'fixup! WRK-1: x',
      'see hub#7',
    ]) {
      const result = await verify(repository, `${subject}\n`)
      expect(result.code).toBe(4)
      expect(result.json).toMatchObject({
        error: { code: 'LOCKED' },
        findings: [{ code: 'held', path: '.git/MESSAGE', line: 1 }],
      })
      expect((await verify(repository, `${subject}\n`, 'other')).json).toMatchObject({
        ok: true,
        warnings: [],
      })
    }
    expect((await verify(repository, 'WRK-1', null)).code).toBe(4)
    for (const subject of ['WRK-12: x', 'WRK-1b', 'XWRK-1', 'utf-8', 'no item', ''])
      expect((await verify(repository, subject)).json).toMatchObject({ ok: true, warnings: [], checked: 0 })
  })
})

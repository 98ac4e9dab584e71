/** wrk verify: who may commit what, what an item must be, and what a commit message may name. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import { deadAnchor } from '../support/sessions.ts'
import { claim, codes, withSessions } from './verify.shared.ts'

describe('of an item that another living session holds', () => {
  test.each<[what: string, change: (repository: Repository) => void, doing: string]>([
    ['a change', repository => repository.append('WRK-1'), 'changes'],
    ['its deletion', ({ top }) => rmSync(join(top, IN_QUEUE, 'pending/WRK-1.md')), 'deletes'],
    [
      'its move',
      ({ top }) => renameSync(join(top, IN_QUEUE, 'pending/WRK-1.md'), join(top, IN_QUEUE, 'WRK-1.md')),
      'moves',
    ],
  ])('%s is refused with 4 and names the holder', async (_, change, doing) => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    change(repository)
    const result = await repository.verifyAll()
    expect(result.code).toBe(4)
    expect(result.json).toMatchObject({ ok: false, error: { code: 'LOCKED' }, checked: 1 })
    expect(result.json.findings).toEqual([
      expect.objectContaining({
        code: 'held',
        item: 'WRK-1',
        holder: expect.objectContaining({ session_id: 'other' }),
      }),
    ])
    expect(result.json.findings[0].message).toContain(`this commit ${doing} WRK-1, which is held by other`)
    expect(JSON.stringify(result.json)).not.toContain('--force')
    // Its holder may.
    expect(await repository.wrk('verify --staged', { session: 'other' })).toMatchObject({ code: 0 })
  })

  test('for people, every finding has a line of its own with file, line and column', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    repository.append('WRK-1')
    await repository.git('add -A')
    const { code, stdout, stderr } = await repository.wrk('verify --staged')
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    const lines = stderr.split('\n')
    expect(lines[0]).toMatch(/^wrk: Commit refused: WRK-1 belongs to another session\.$/)
    expect(lines[1]).toMatch(
      /^\.claude\/work-queue\/pending\/WRK-1\.md:7:1: this commit changes WRK-1, which is held by other/,
    )
    expect(lines[2]).toBe('     git restore --staged .claude/work-queue/pending/WRK-1.md')
    expect(stderr).not.toContain('force')
  })

  test('without a session, nobody is called another one', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    repository.append('WRK-1')
    await repository.git('add -A')
    const { code, stderr } = await repository.wrk('verify --staged', { session: null })
    expect(code).toBe(4)
    expect(stderr.split('\n')[0]).toBe(
      'wrk: Commit refused: WRK-1 belongs to a session, and this commit has none.',
    )
  })

  test('the lock as it is may be committed by anybody', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    repository.append('WRK-2')
    expect(await repository.verifyAll()).toMatchObject({
      code: 0,
      json: { ok: true, findings: [], checked: 2 },
    })
    expect((await repository.verifyAll(null)).code).toBe(0)
    await repository.commitAll()
    expect((await repository.wrk('release WRK-1', { session: 'other' })).code).toBe(0)
    expect((await repository.verifyAll()).code).toBe(0)
  })

  test('a call without a session holds nothing, and gets the same findings', async () => {
    const repository = await withSessions()
    repository.append('WRK-2')
    expect((await repository.verifyAll(null)).code).toBe(0)
    await claim(repository, 'WRK-1', 'other')
    repository.append('WRK-1')
    expect(await repository.verifyAll(null)).toMatchObject({ code: 4 })
  })

  test('a helper of this session is not another session', async () => {
    const repository = await withSessions()
    expect((await repository.wrk('claim WRK-1 --agent helper')).code).toBe(0)
    repository.append('WRK-1')
    expect((await repository.verifyAll()).code).toBe(0)
    expect((await repository.verifyAll('other')).code).toBe(4)
  })
})

describe('the lock of a dead or stale session blocks nobody', () => {
  test.each([
    ['dead', { anchor: deadAnchor(), heartbeat_at: ago(MINUTE) }, MINUTE],
    ['silent for longer than the TTL', { anchor: null, heartbeat_at: ago(3 * HOUR) }, 3 * HOUR],
  ] as const)('%s', async (_, session, age) => {
    const repository = await makeRepository()
    repository.sessions({ id: 'former', ...session })
    repository.write('WRK-1', heldItem('WRK-1', 'former', ago(age)))
    await repository.commitAll()
    repository.append('WRK-1')
    expect((await repository.verifyAll()).code).toBe(0)
  })

  test('one of which nothing is known still holds within the TTL', async () => {
    const repository = await makeRepository()
    repository.write('WRK-1', heldItem('WRK-1', 'claude-elsewhere-abc123', ago(HOUR)))
    await repository.commitAll()
    repository.append('WRK-1')
    expect((await repository.verifyAll()).code).toBe(4)
  })
})

describe('another session’s lock cannot be', () => {
  const edit = (repository: Repository, by: string, at = '2026-11-21T09:00:00Z') =>
    repository.write(
      'WRK-1',
      repository
        .read('WRK-1')
        .replace(/^locked_by: .*$/m, `locked_by: "${by}"`)
        .replace(/^locked_at: .*$/m, `locked_at: "${by && at}"`),
    )

  test.each([
    ['taken, committed or not', 'tester', 'takes'],
    ['dropped, committed or not', '', 'drops'],
    ['altered, committed or not', 'somebody', 'names the wrong holder'],
  ])('%s, by editing the file', async (_, by, message) => {
    for (const committed of [true, false]) {
      const repository = await withSessions()
      await claim(repository, 'WRK-1', 'other')
      if (committed) await repository.commitAll()
      edit(repository, by)
      if (by === '' && !committed) continue
      const result = await repository.verifyAll()
      expect(result.code).toBe(4)
      expect(codes(result)).toEqual(['lock'])
      expect(result.json.findings[0].message).toContain(message)
    }
  })

  test('dropped unseen: a change of the item is still refused', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    edit(repository, '')
    repository.append('WRK-1')
    expect(codes(await repository.verifyAll())).toEqual(['held'])
    rmSync(join(repository.top, repository.path('WRK-1')))
    expect(codes(await repository.verifyAll())).toEqual(['held'])
    // Git took the lock out of the file; by its record the item is the holder's all the same.
    await repository.git(['reset', '-q', '--hard'])
    repository.append('WRK-1')
    expect(codes(await repository.verifyAll())).toEqual(['held'])
    expect((await repository.verifyAll('other')).code).toBe(0)
  })

  test('staged as somebody typed it', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    repository.write('WRK-1', repository.read('WRK-1').replace('"other"', '"third"'))
    await repository.git('add -A')
    const result = await repository.wrk('verify --staged --json')
    expect(result.code).toBe(4)
    expect(result.json.findings).toMatchObject([{ code: 'lock', item: 'WRK-1' }])
  })

  test('but one that wrk wrote since the last commit may be, though the item is released by now', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    await repository.git('add -A')
    expect((await repository.wrk('release WRK-1', { session: 'other' })).code).toBe(0)
    expect((await repository.wrk('verify --staged --json')).code).toBe(0)
  })

  test('but one in a free item may, also when typed: an older tool claims like that', async () => {
    const repository = await withSessions()
    edit(repository, 'somebody')
    expect((await repository.verifyAll()).code).toBe(0)
    edit(repository, 'tester')
    expect((await repository.verifyAll()).code).toBe(0)
  })

  test('but what wrk did to it may be committed: released, or taken over from the dead', async () => {
    const repository = await makeRepository()
    repository.sessions(
      { id: 'former', anchor: deadAnchor(), heartbeat_at: ago(MINUTE) },
      { id: 'tester', heartbeat_at: new Date() },
    )
    repository.write('WRK-1', heldItem('WRK-1', 'former', ago(MINUTE)))
    await repository.commitAll()
    await claim(repository, 'WRK-1', 'tester')
    repository.append('WRK-1')
    expect((await repository.verifyAll()).code).toBe(0)
  })

  test('and one’s own lock may be anything, also when it was renewed since it was staged', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'tester')
    await repository.git('add -A')
    const later = { env: { WRK_NOW: '+10m' } }
    expect((await repository.wrk('claim WRK-1', later)).code).toBe(0)
    expect((await repository.wrk('verify', later)).code).toBe(0)
    expect((await repository.wrk('release WRK-1')).code).toBe(0)
    expect((await repository.wrk('verify')).code).toBe(0)
  })
})

test('a session that lost a claim cannot commit the item, and learns by whom, when and why', async () => {
  const repository = await withSessions()
  await claim(repository, 'WRK-1', 'tester')
  repository.append('WRK-1')
  const taken = ['claim', 'WRK-1', '--force', '--reason', 'it is urgent']
  expect((await repository.wrk(taken, { session: 'other' })).code).toBe(0)
  const result = await repository.verifyAll()
  expect(result.code).toBe(4)
  expect(result.json.findings).toMatchObject([{ code: 'superseded', holder: { session_id: 'other' } }])
  expect(result.json.findings[0].message).toMatch(
    /WRK-1 was taken over by other at 2\S+Z \(forced: it is urgent\)/,
  )

  // Also when the other one has finished: its work is in the file, this session's is not based on it.
  expect((await repository.wrk('release WRK-1', { session: 'other' })).code).toBe(0)
  const again = await repository.verifyAll()
  expect(codes(again)).toEqual(['superseded'])
  expect(again.json.findings[0].fix).toContain('&& wrk claim WRK-1')
  await claim(repository, 'WRK-1', 'tester')
  expect((await repository.verifyAll()).code).toBe(0)
})

test('nor can one that lost the item to a forced release', async () => {
  const repository = await withSessions()
  await claim(repository, 'WRK-1', 'tester')
  repository.append('WRK-1')
  const forced = ['release', 'WRK-1', '--force', '--reason', 'stuck']
  expect((await repository.wrk(forced, { session: 'other' })).code).toBe(0)
  const result = await repository.verifyAll()
  expect([result.code, codes(result)]).toEqual([4, ['superseded']])
  expect(result.json.findings[0].message).toContain('(forced: stuck)')
})

describe('a staged item is refused with 1', () => {
  test('that is a link', async () => {
    const repository = await makeRepository()
    symlinkSync('WRK-1.md', join(repository.top, IN_QUEUE, 'pending', 'WRK-9.md'))
    const result = await repository.verifyAll()
    expect({ code: result.code, codes: codes(result) }).toEqual({ code: 1, codes: ['not-a-file'] })
  })

  test('even beside one that is held, but then the code is 4', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    repository.append('WRK-1')
    repository.write('WRK-9', '')
    const result = await repository.verifyAll()
    expect({ code: result.code, codes: codes(result).sort() }).toEqual({
      code: 4,
      codes: ['held', 'no-frontmatter'],
    })
  })

  test('once it is staged: what is in the index counts, not what the file says now', async () => {
    const repository = await makeRepository()
    repository.write('WRK-9', 'none')
    await repository.git('add -A')
    repository.write('WRK-9', item('WRK-9'))
    expect((await repository.wrk('verify')).code).toBe(1)
    await repository.git('add -A')
    repository.write('WRK-9', 'none')
    expect((await repository.wrk('verify')).code).toBe(0)
  })
})

test('items that are not staged, files that are no items, and a lock alone in an old item are let be', async () => {
  const repository = await withSessions()
  repository.write(join(IN_QUEUE, 'done', 'WRK-7.md'), item('WRK-7'))
  repository.write('WRK-8', '# no frontmatter\n')
  await repository.commitAll()
  repository.write(join(IN_QUEUE, 'templates', 'WRK-1.md'), 'anything')
  repository.write(join(IN_QUEUE, 'INDEX.md'), 'anything')
  repository.write('notes/WRK-1.md', 'anything')
  expect(await repository.verifyAll()).toMatchObject({ code: 0, json: { checked: 0 } })
  expect((await repository.wrk(['claim', 'WRK-7', '--force', '--reason', 'to see'])).code).toBe(0)
  expect((await repository.verifyAll()).json).toMatchObject({ ok: true, checked: 1 })
})

test('paths limit what is looked at', async () => {
  const repository = await makeRepository()
  repository.write('WRK-8', 'none')
  repository.append('WRK-1')
  await repository.git('add -A')
  const verify = (...paths: string[]) => repository.wrk(['verify', '--json', ...paths])
  expect((await verify(repository.path('WRK-1'))).json).toMatchObject({ ok: true, checked: 1 })
  expect((await verify(repository.path('WRK-8'))).json).toMatchObject({ ok: false, checked: 1 })
  expect((await verify(join(IN_QUEUE, 'pending'))).json).toMatchObject({ ok: false, checked: 2 })
  expect((await verify('.')).json).toMatchObject({ checked: 2 })
  expect((await verify(join(IN_QUEUE, 'done'), 'no-such-file')).json).toMatchObject({ ok: true, checked: 0 })
  const below = { cwd: join(repository.top, IN_QUEUE, 'pending') }
  const found = (await repository.wrk('verify --json WRK-8.md', below)).json.findings
  expect(found).toMatchObject([{ path: 'WRK-8.md' }])
})

describe('there is nothing to verify, and that is no failure,', () => {
  test('without a queue', async () => {
    const repository = await makeRepository()
    rmSync(join(repository.top, '.claude'), { recursive: true })
    expect(await repository.wrk('verify')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no queue'),
    })
    expect((await repository.wrk('verify', { env: { WRK_QUEUE: '/no/such/queue' } })).code).toBe(1)
  })

  test('with the queue outside of the repository, or ignored by it', async () => {
    const repository = await makeRepository([], { queue: 'none' })
    const elsewhere = await makeRepository()
    elsewhere.append('WRK-1')
    await elsewhere.git('add -A')
    const outside = await repository.wrk('verify', { env: { WRK_QUEUE: join(elsewhere.top, IN_QUEUE) } })
    expect(outside).toMatchObject({ code: 0, stdout: expect.stringContaining('is not in this repository') })

    const ignoring = await makeRepository(null)
    ignoring.write('.gitignore', '.claude\n')
    ignoring.write('WRK-1', 'none')
    expect(await ignoring.verifyAll()).toMatchObject({ code: 0, json: { checked: 0 } })
  })
})

describe('a queue of another repository that the environment names', () => {
  test('gives way to one of this repository that the other variable names', async () => {
    const repository = await makeRepository(['WRK-1'], { queue: 'tasks' })
    repository.sessions({ id: 'other', heartbeat_at: new Date() })
    const own = { WORK_ITEM_ROOT: join(repository.top, 'tasks') }
    expect((await repository.wrk('claim WRK-1', { session: 'other', env: own })).code).toBe(0)
    repository.append('WRK-1')
    await repository.git('add -A')
    const elsewhere = await makeRepository()
    const env = { ...own, WRK_QUEUE: join(elsewhere.top, IN_QUEUE) }
    expect(codes(await repository.wrk('verify --json', { env }))).toEqual(['held'])
  })

  test('judges messages where there is no other queue', async () => {
    const repository = await makeRepository([], { queue: 'none' })
    const elsewhere = await withSessions()
    await claim(elsewhere, 'WRK-1', 'other')
    repository.write('.git/MESSAGE', 'WRK-1: x')
    const env = { WRK_QUEUE: join(elsewhere.top, IN_QUEUE) }
    const message = await repository.wrk('verify --json --commit-msg .git/MESSAGE', { env })
    expect(codes(message)).toEqual(['held'])
  })
})

test('a file with an unreadable lock is reported, never called free', async () => {
  const repository = await makeRepository()
  repository.append('WRK-1')
  await repository.git('add -A')
  repository.write('WRK-1', item('WRK-1', { locked_by: '[a, b]' }))
  const result = await repository.wrk('verify --json')
  expect(result.json).toMatchObject({
    ok: true,
    warnings: [expect.stringMatching(/^cannot tell who holds WRK-1: .*:7:1: /)],
  })
  repository.write('.git/MESSAGE', 'WRK-1: x')
  const message = await repository.wrk('verify --json --commit-msg .git/MESSAGE')
  expect(message.json.warnings).toEqual([expect.stringMatching(/^cannot tell who holds WRK-1: /)])
})

test('it registers nobody and writes nothing', async () => {
  const repository = await makeRepository()
  const stateDir = join(repository.top, repository.queue, '.wrk')
  const before = readdirSync(stateDir, { recursive: true })
  repository.append('WRK-1')
  expect((await repository.verifyAll(null)).code).toBe(0)
  expect((await repository.verifyAll('somebody-new')).code).toBe(0)
  expect(await repository.git('status --short')).toBe(`M  ${repository.path('WRK-1')}\n`)
  expect(existsSync(join(repository.top, repository.queue, 'session-state.yaml'))).toBe(false)
  expect(readdirSync(stateDir, { recursive: true })).toEqual(before)
})

test('what git says no to is reported with what git says', async () => {
  const repository = await makeRepository()
  writeFileSync(join(repository.top, '.git', 'index'), 'no index')
  const result = await repository.wrk('verify --json')
  expect(result).toMatchObject({
    code: 74,
    json: { error: { code: 'IO', message: expect.stringContaining('index') } },
  })
})

describe('of a commit message', () => {
  const verify = (repository: Repository, message: string, session: string | null = 'tester') => {
    repository.write('.git/MESSAGE', message)
    return repository.wrk('verify --json --commit-msg .git/MESSAGE', { session })
  }

  test('a subject that names an item which nobody holds is warned about, a closed one is not', async () => {
    const repository = await makeRepository()
    repository.write(join(IN_QUEUE, 'done', 'WRK-7.md'), item('WRK-7', { status: 'done' }))
    const result = await verify(repository, 'WRK-1: about it\n')
    expect(result).toMatchObject({
      code: 0,
      json: { ok: true, warnings: [expect.stringContaining('nobody holds')] },
    })
    expect(result.stderr).toContain('wrk: warning: the subject names WRK-1, which nobody holds')
    expect((await verify(repository, 'WRK-7: archived\n')).json.warnings).toEqual([])
    repository.sessions({ id: 'former', anchor: deadAnchor() })
    repository.write('WRK-2', heldItem('WRK-2', 'former', ago(MINUTE)))
    expect((await verify(repository, 'WRK-2: about it\n')).json.warnings[0]).toContain('nobody living')
  })

  test('a body that names an item held by another is warned about', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'tester')
    await claim(repository, 'WRK-2', 'other')
    const result = await verify(repository, 'WRK-1: about it\n\nGoes with WRK-2, and WRK-3.\n')
    expect(result.code).toBe(0)
    expect(result.json.warnings).toEqual([
      expect.stringContaining('the message names WRK-2, which is held by other'),
    ])
  })

  test('comments and what is below the scissors are not the message', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    const text = (mark: string) =>
      `\n${mark} WRK-1\n\nan honest subject\n${mark} WRK-1\n${mark} ------------------------ >8 ------------------------\nWRK-1\n`
    expect((await verify(repository, text('#'))).json).toMatchObject({ ok: true, warnings: [] })
    expect((await verify(repository, text(';'))).code).toBe(4)
    await repository.git('config core.commentChar ;')
    expect((await verify(repository, text(';'))).json).toMatchObject({ ok: true, warnings: [] })
    const found = (await verify(repository, '\n; a comment\n\n  WRK-1: late\n')).json.findings
    expect(found).toMatchObject([{ line: 4, column: 3 }])
  })

  test('a merge’s subject is git’s own, and is only warned about', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    for (const subject of [
      "Merge branch 'WRK-1-tides'",
      "Merge remote-tracking branch 'origin/WRK-1' into main",
    ])
      expect((await verify(repository, subject)).json).toMatchObject({
        ok: true,
        warnings: [expect.any(String)],
      })
    expect((await verify(repository, 'Merge WRK-1 into the plan')).code).toBe(4)
  })

  test('a session that lost the item is warned', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'tester')
    await repository.wrk(['claim', 'WRK-1', '--force', '--reason', 'urgent'], { session: 'other' })
    const result = await verify(repository, 'WRK-1: my work')
    expect(result.code).toBe(4)
    expect(result.json.findings).toMatchObject([{ code: 'superseded' }])
    expect(result.json.findings[0].message).toContain('was taken over by other')
  })

  test('it is checked outside of any repository too, and a missing file is reported', async () => {
    const repository = await withSessions()
    await claim(repository, 'WRK-1', 'other')
    const cwd = tempFolder()
    writeFileSync(join(cwd, 'message'), 'WRK-1: x\n')
    const env = { WRK_QUEUE: join(repository.top, IN_QUEUE) }
    expect((await repository.wrk('verify --commit-msg message', { cwd, env })).code).toBe(4)
    unlinkSync(join(cwd, 'message'))
    expect((await repository.wrk('verify --commit-msg message --json', { cwd, env })).json.error.code).toBe(
      'NOT_FOUND',
    )
    mkdirSync(join(cwd, 'sub'))
    expect((await repository.wrk('verify --staged --commit-msg message', { cwd, env })).code).toBe(2)
  })
})

/** wrk verify --range: what a branch brings in, judged without a session and without a working tree. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { FIRST, PROGRAM } from '../support/program.ts'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'

const at = (folder: string, name: string) => join(IN_QUEUE, folder, `${name}.md`)

function move(repository: Repository, from: string, to: string): void {
  mkdirSync(dirname(join(repository.top, to)), { recursive: true })
  renameSync(join(repository.top, from), join(repository.top, to))
}

/** Commits a change on a branch of its own. */
async function onBranch(change: (repository: Repository) => void): Promise<Repository> {
  const repository = await makeRepository()
  await repository.git('checkout -q -b side')
  change(repository)
  await repository.commitAll('a change')
  return repository
}

const findings = async (repository: Repository, range = 'main..side') =>
  (await repository.wrk(['verify', '--range', range, '--json'], { session: null })).json

const done = (id: string) => item(id, { status: 'done', completed_at: '2026-02-01T01:00:00Z' })

test('a branch that only does what wrk does is verified, without a session', async () => {
  const repository = await onBranch(repo => {
    rmSync(join(repo.top, at('pending', 'WRK-1')))
    repo.write(at('done', 'WRK-1'), done('WRK-1'))
    repo.write(
      at('working', 'WRK-9'),
      heldItem('WRK-9', 'a', new Date(Date.now() - 60_000), { status: 'working' }),
    )
  })
  const { code, stdout } = await repository.wrk('verify --range main..side', { session: null })
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Verified 2 items in 1 commit.\n' })
})

test.each([
  ['at the top of the repository', '.', '.'],
  ['called from a folder below the top', IN_QUEUE, 'pending'],
  ['with a name that git would take for a pattern', '[x]*/queue', '.'],
])('a queue %s is verified', async (_, queue, from) => {
  const repository = await makeRepository(['WRK-1'], { queue })
  // git has no empty folders, and a queue is known by these two.
  repository.write(join(queue, 'working', '.gitkeep'), '')
  await repository.commitAll('before')
  repository.write('WRK-1', item('WRK-1', { status: 'done' }))
  await repository.commitAll('a change')
  const cwd = join(repository.top, queue, from)
  const { stdout } = await repository.wrk('verify --range HEAD~1..HEAD --json', { session: null, cwd })
  const path = join(queue, 'pending', 'WRK-1.md')
  expect(JSON.parse(stdout).findings).toMatchObject([
    { code: 'status-folder', item: 'WRK-1', path, commit: expect.stringMatching(/^[0-9a-f]{40}$/) },
  ])
})

describe('it finds', () => {
  test.each<[string, (repository: Repository) => void, object]>([
    [
      'a status that does not fit the folder',
      repo => repo.write('WRK-1', item('WRK-1', { status: 'done' })),
      { code: 'status-folder', path: at('pending', 'WRK-1'), line: 4, column: 1, severity: 'error' },
    ],
    [
      'frontmatter that cannot be read',
      repo => repo.write('WRK-1', item('WRK-1', { related: '[' })),
      { code: 'unreadable', severity: 'error' },
    ],
    [
      'conflict markers',
      repo => repo.append('WRK-1', '<<<<<<< HEAD\na\n=======\nb\n>>>>>>> side\n'),
      { code: 'conflict-markers', line: 14, message: 'unresolved merge conflict' },
    ],
    [
      'an item that was moved but not taken away',
      repo => repo.write(at('done', 'WRK-1'), done('WRK-1')),
      { code: 'two-places', path: at('done', 'WRK-1'), severity: 'error' },
    ],
    [
      'an item that was taken away but not put elsewhere',
      repo => rmSync(join(repo.top, at('pending', 'WRK-1'))),
      { code: 'removed', severity: 'warning', path: at('pending', 'WRK-1') },
    ],
    [
      'a lock on a closed item',
      repo => {
        rmSync(join(repo.top, at('pending', 'WRK-1')))
        repo.write(at('done', 'WRK-1'), heldItem('WRK-1', 'a', '2026-02-01T01:00:00Z', { status: 'done' }))
      },
      { code: 'lock', line: 7, message: 'it is closed, and still locked by a' },
    ],
    [
      'a lock from the future',
      repo => repo.write('WRK-1', heldItem('WRK-1', 'a', new Date(Date.now() + 3_600_000))),
      { code: 'lock', message: 'its lock by a is newer than its commit' },
    ],
    [
      'half a lock',
      repo => repo.write('WRK-1', item('WRK-1', { locked_by: '"a"' })),
      { code: 'half-lock', severity: 'error' },
    ],
    [
      'a missing field',
      repo => repo.write('WRK-1', item('WRK-1', { title: null })),
      { code: 'missing-field' },
    ],
  ])('%s', async (_, change, finding) => {
    const repository = await onBranch(change)
    const { ok, findings: found } = await findings(repository)
    expect(found).toEqual([expect.objectContaining({ item: 'WRK-1', ...finding })])
    expect(ok).toBe(found[0].severity === 'warning')
    expect(found[0].commit).toBe((await repository.git('rev-parse side')).trim())
  })

  test('a lock that a revert brought back', async () => {
    const repository = await onBranch(repo =>
      repo.write('WRK-1', heldItem('WRK-1', 'a', '2026-02-01T01:00:00Z')),
    )
    repository.write('WRK-1', item('WRK-1'))
    await repository.commitAll('released')
    await repository.git('revert --no-edit HEAD')
    expect((await findings(repository)).findings).toEqual([
      expect.objectContaining({
        code: 'lock',
        message: 'a released lock by a came back',
      }),
    ])
  })

  test('an item that both branches moved to different folders, and an id that both gave', async () => {
    const repository = await onBranch(repo => {
      move(repo, at('pending', 'WRK-1'), at('working', 'WRK-1'))
      repo.write(at('working', 'WRK-1'), item('WRK-1', { status: 'working' }))
      repo.write(at('pending', 'WRK-50-tides'), item('WRK-50'))
    })
    await repository.git('checkout -q main')
    move(repository, at('pending', 'WRK-1'), at('done', 'WRK-1'))
    repository.write(at('done', 'WRK-1'), done('WRK-1'))
    repository.write(at('pending', 'WRK-50-harbour'), item('WRK-50'))
    await repository.commitAll('on main')
    const { findings: found } = await findings(repository)
    expect(found.map(({ code, item, message }: Record<string, string>) => [code, item, message])).toEqual([
      ['two-places', 'WRK-50', expect.stringContaining('the id WRK-50 is also given to')],
      [
        'two-places',
        'WRK-1',
        expect.stringContaining(`WRK-1 was moved to ${at('done', 'WRK-1')} on the other branch`),
      ],
    ])
  })

  test('a merge that put one item’s text into another', async () => {
    const text = Array.from({ length: 30 }, (_, i) => `Line ${i} of what all items say.\n`).join('')
    const repository = await makeRepository()
    repository.write('WRK-7', item('WRK-7') + text)
    await repository.commitAll('seven')
    await repository.git('tag start')
    await repository.git('checkout -q -b side')
    rmSync(join(repository.top, at('pending', 'WRK-7')))
    repository.write('WRK-8', item('WRK-8') + text)
    await repository.commitAll('eight for seven')
    await repository.git('checkout -q main')
    repository.append('WRK-7', 'Only about seven.\n')
    await repository.commitAll('more of seven')
    await repository.git('merge -q --no-edit side')
    expect(repository.read('WRK-8')).toContain('Only about seven.')
    const { findings: found } = await findings(repository, 'start..main')
    expect(found).toContainEqual(
      expect.objectContaining({
        code: 'mixed-items',
        path: at('pending', 'WRK-8'),
        message: 'this merge put the text of WRK-7 into WRK-8, which git took for its new name',
      }),
    )
  })

  test('nothing in what the branch did not touch, and warns of what was wrong before', async () => {
    const repository = await makeRepository()
    repository.write('WRK-1', item('WRK-1', { status: 'done' }))
    repository.write('WRK-2', item('WRK-2', { status: 'done' }))
    await repository.commitAll('wrong already')
    await repository.git('checkout -q -b side')
    repository.write('WRK-1', item('WRK-1', { status: 'done', priority: 'high' }))
    await repository.commitAll('a change')
    const { ok, findings: found } = await findings(repository)
    expect(ok).toBe(true)
    expect(found).toEqual([expect.objectContaining({ item: 'WRK-1', severity: 'warning' })])
  })
})

test('annotations of GitHub carry no text that would be a command of its own', async () => {
  const repository = await onBranch(repo => {
    repo.write('WRK-1', item('WRK-1', { status: 'done' }))
    repo.write(at('pending', 'WRK-2 50%,:x'), item('WRK-2', { status: '"done\\n::error::x"' }))
  })
  const { code, stdout } = await repository.wrk(['verify', '--range', 'main..side', '--format', 'github'])
  expect(code).toBe(1)
  const lines = stdout.trimEnd().split('\n')
  expect(
    lines.every(line => /^::(?:error|warning) file=[^,:]+,line=\d+,col=\d+,title=wrk%3A [\w-]+::/.test(line)),
  ).toBe(true)
  expect(lines).toContainEqual(
    expect.stringMatching(/file=\.claude\/work-queue\/pending\/WRK-2 50%25%2C%3Ax\.md,/),
  )
})

test.each([
  ['nonsense', 2, '--range takes two revisions'],
  ['main..nowhere', 1, 'no commit nowhere here'],
  ['--all..main', 2, '--range takes two revisions'],
])('an invalid range is a usage error: %s', async (range, code, message) => {
  const repository = await makeRepository()
  const result = await repository.wrk(['verify', '--range', range])
  expect(result.code).toBe(code)
  expect(result.stderr).toContain(message)
})

test('in a clone that is too shallow it says how to get the rest', async () => {
  const repository = await onBranch(repo => repo.append('WRK-1'))
  await repository.git('checkout -q main')
  repository.append('WRK-2')
  await repository.commitAll('on main')
  const clone = join(tempFolder(), 'clone')
  await repository.git(['clone', '-q', '--depth=1', '--no-single-branch', `file://${repository.top}`, clone])
  const { code, stderr } = await repository.wrk('verify --range origin/main..origin/side', { cwd: clone })
  expect(code).toBe(1)
  expect(stderr).toContain('git fetch --unshallow')
})

describe('CI', () => {
  /** What a workflow runs, with this program in the place of the package. */
  const ownProgram = (script: string) =>
    script.replace(/npx --yes wrk-cli@\S+/, [PROGRAM, ...FIRST].map(word => `'${word}'`).join(' '))

  test.each(['github', 'gitlab'] as const)(
    'wrk init --ci %s makes a workflow whose steps judge a branch',
    async host => {
      const repository = await onBranch(repo => repo.write('WRK-1', item('WRK-1', { status: 'done' })))
      const made = (await repository.wrk(['init', '--ci', host, '--json'])).json.ci
      expect(made).toMatchObject({ host, state: 'made' })
      expect((await repository.wrk(['init', '--ci', host, '--json'])).json.ci.state).toBe('kept')
      const workflow = parse(readFileSync(join(repository.top, made.path), 'utf8'))
      const script: string =
        host === 'github' ? workflow.jobs.verify.steps.at(-1).run : workflow['work-items'].script.join('\n')
      const bare = join(tempFolder(), 'bare.git')
      await repository.git(['clone', '-q', '--bare', repository.top, bare])
      const clone = join(tempFolder(), 'clone')
      await repository.git(['clone', '-q', '-b', 'side', bare, clone])
      const run = async (more: Record<string, string>) => {
        const env = {
          ...process.env,
          GIT_CONFIG_GLOBAL: '/dev/null',
          CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main',
          ...more,
        }
        return spawnSync('bash', ['-ec', ownProgram(script)], { cwd: clone, env, encoding: 'utf8' })
      }
      const [BASE, HEAD] = await Promise.all(
        ['main', 'side'].map(async name => (await repository.git(['rev-parse', name])).trim()),
      )
      const bad = await run({ BASE: BASE!, HEAD: HEAD! })
      expect(bad.status).toBe(1)
      expect(bad.stdout).toContain(
        host === 'github' ? '::error file=.claude/work-queue/pending/WRK-1.md' : ': error: ',
      )
    },
  )

  test('a protected branch refuses a push with a problem, by a hook in a bare repository', async () => {
    const repository = await makeRepository()
    const bare = join(tempFolder(), 'bare.git')
    await repository.git(['clone', '-q', '--bare', repository.top, bare])
    const hook = join(bare, 'hooks', 'pre-receive')
    mkdirSync(dirname(hook), { recursive: true })
    const program = [PROGRAM, ...FIRST].map(word => `'${word}'`).join(' ')
    writeFileSync(
      hook,
      `#!/bin/sh\nwhile read -r old new ref; do\n  [ "$ref" != refs/heads/main ] || ${program} verify --range "$old..$new" || exit 1\ndone\n`,
    )
    chmodSync(hook, 0o755)
    repository.write('WRK-1', item('WRK-1', { status: 'done' }))
    await repository.commitAll('wrong')
    const refused = await repository.tryGit(['push', '-q', bare, 'main'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('error: the status')
    repository.write('WRK-1', item('WRK-1', { priority: 'high' }))
    await repository.commitAll('right')
    expect((await repository.tryGit(['push', '-q', bare, 'main'])).code).toBe(0)
    expect(existsSync(hook)).toBe(true)
  })
})

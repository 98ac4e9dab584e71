/** The rest of commands.test.ts: what takes too long for every run. */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue, markAsNew, type Queue } from '../support/queue.ts'
import { run } from '../support/run.ts'
import { registry } from '../support/sessions.ts'
import { COMMANDS, expectError, git, queueIn, repository } from './commands.shared.ts'

describe('every command', () => {
  const forms = [...COMMANDS, 'session start', 'session id', 'session list', 'session show', 'session end']

  const needed: Record<string, string[]> = {
    claim: ['WRK-157'],
    show: ['WRK-157'],
    'session start': ['--provider', 'codex'],
  }

  test.each(forms)('%s with an unknown flag is a usage error', async command => {
    const queue = makeQueue(['WRK-157'])
    const args = [...command.split(' '), ...(needed[command] ?? []), '--nonsense']
    expectError(await queue.run([...args, '--json']), 2, 'USAGE')
    const people = await queue.run(args)
    expect(people).toMatchObject({ code: 2, stdout: '' })
    expect(people.stderr).toMatch(/^wrk: .*--nonsense/)
    expect(people.stderr).toContain('--help')
  })
})

describe('in git', () => {
  test('a linked worktree of a submodule uses the queue of the submodule’s main working tree', async () => {
    const outer = repository(false)
    git(outer, 'submodule', '--quiet', 'add', repository(true), 'part')
    const main = join(outer, 'part')
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    expect((await run('where --json', { cwd: linked })).json.queue).toBe(queueIn(main))
    expect((await run('claim WRK-1', { cwd: linked, session: 'first' })).code).toBe(0)
    expect((await run('claim WRK-1', { cwd: main, session: 'second' })).code).toBe(4)
  })

  test.each(['a bare repository', 'a repository whose files are elsewhere'])(
    'a linked worktree of %s has locks of its own, and says so unless that is meant',
    async which => {
      const [folder, linked] = [tempFolder(), join(tempFolder(), 'linked')]
      const place = which.includes('bare') ? ['--bare'] : ['--separate-git-dir', join(folder, 'files.git')]
      const clone = join(folder, 'clone')
      git(folder, 'clone', '-q', ...place, repository(true), clone)
      // The queue of somebody else, beside the repository's files.
      mkdirSync(join(folder, '.claude', 'work-queue', 'pending'), { recursive: true })
      git(clone, 'worktree', 'add', '-q', '-b', 'other', linked)
      markAsNew(queueIn(linked))
      const claimed = await run('claim WRK-1', { cwd: linked, session: 'first' })
      expect(claimed).toMatchObject({ code: 0, stderr: expect.stringContaining('Share one queue: ') })
      const where = await run('where --json', { cwd: linked })
      expect(where.json).toMatchObject({ queue: queueIn(linked), linked_worktree: null })
      expect(where.stderr).toBe(claimed.stderr)
      appendFileSync(join(queueIn(linked), 'wrk.yaml'), 'worktrees: own\n')
      expect((await run('claim WRK-1', { cwd: linked, session: 'first' })).stderr).toBe('')
    },
  )

  test('a linked worktree uses its own queue when wrk.yaml says so', async () => {
    const main = repository(true, 'worktrees: own\n')
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    expect((await run('where --json', { cwd: linked })).json).toMatchObject({
      queue: queueIn(linked),
      linked_worktree: null,
      settings: { worktrees: 'own' },
    })
    expect((await run('claim WRK-1', { cwd: linked, session: 'first' })).code).toBe(0)
    expect((await run('claim WRK-1', { cwd: main, session: 'second' })).code).toBe(0)
  })
})

test('a reader that goes away is not an error', async () => {
  const items = Object.fromEntries(
    Array.from({ length: 3000 }, (_, i) => [`pending/WRK-${i}.md`, item(`WRK-${i}`)]),
  )
  const queue: Queue = makeQueue({ ...items, 'session-state.yaml': registry([]) })
  const script =
    'wrk list | head -n 1; echo $PIPESTATUS; wrk list --json | head -c 10 >/dev/null; echo $PIPESTATUS'
  const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' })
  const result = await finished(start('/bin/bash', ['-c', script], { cwd: queue.home, env }))
  expect(result.stderr).toBe('')
  expect(result.stdout).toMatch(/^ID .*\n0\n0\n$/)
})

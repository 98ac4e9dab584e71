/** Which queue a command uses: by option, by environment, by folder, and in linked worktrees of git. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { expectError, git, oneObject, queueIn, repository } from '../claims/commands.shared.ts'
import { item } from '../support/items.ts'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { run } from '../support/run.ts'

describe('the queue', () => {
  const where = async (options: Parameters<typeof run>[1], args = '') =>
    (await run(`where --json${args}`, options)).json

  test('is reported by wrk where, with its settings and files', async () => {
    const queue = makeQueue({ 'wrk.yaml': 'ttl: 90m\nid_prefix: HUB\n' })
    expect(oneObject(await queue.run('where --json'))).toMatchObject({
      queue: queue.root,
      via: 'WRK_QUEUE',
      linked_worktree: null,
      session_state: queue.path('session-state.yaml'),
      state_dir: queue.path('.wrk'),
      settings: {
        id_prefix: 'HUB',
        ttl_seconds: 5400,
        takeover: 'ttl',
        unlisted: 'dead',
        worktrees: 'shared',
      },
    })
    expect((await queue.run('where')).stdout).toContain(queue.root)
  })

  test('is the one of --queue before WRK_QUEUE before WORK_ITEM_ROOT before the nearest above', async () => {
    const [flag, env, old, near] = [makeQueue(), makeQueue(), makeQueue(), makeQueue()]
    const cwd = join(near.root, 'pending')
    const both = { WRK_QUEUE: env.root, WORK_ITEM_ROOT: old.root }
    expect(await where({ cwd, env: both }, ` --queue=${flag.root}`)).toMatchObject({
      queue: flag.root,
      via: '--queue',
    })
    expect(await where({ cwd, env: both })).toMatchObject({ queue: env.root, via: 'WRK_QUEUE' })
    expect(await where({ cwd, env: { WORK_ITEM_ROOT: old.root } })).toMatchObject({ queue: old.root })
    expect((await where({ cwd })).queue).toBe(near.root)
  })

  test('is .claude/work-queue of the nearest folder above', async () => {
    const workspace = tempFolder()
    const queue = join(workspace, '.claude', 'work-queue')
    mkdirSync(join(queue, 'pending'), { recursive: true })
    mkdirSync(join(workspace, 'src', 'deep'), { recursive: true })
    expect((await where({ cwd: join(workspace, 'src', 'deep') })).queue).toBe(queue)
    expect((await where({ env: { WRK_QUEUE: workspace } })).queue).toBe(queue)
  })

  test('keeps its sessions where SESSION_STATE_FILE says, as older scripts set it', async () => {
    const queue = makeQueue(['WRK-157'])
    const file = join(tempFolder(), 'state.yaml')
    const env = { SESSION_STATE_FILE: file, WORK_ITEM_ROOT: queue.root }
    expect((await run('claim WRK-157', { env })).code).toBe(0)
    expect((await where({ env })).session_state).toBe(file)
    expect((await run('session list --json', { env })).json.sessions).toMatchObject([
      { session_id: 'tester' },
    ])
    expect(queue.exists('session-state.yaml')).toBe(false)
  })

  test.each(['-1', 'soon', '1h'])('refuses LOCK_TTL_SECONDS=%s as a usage error', async seconds => {
    const queue = makeQueue(['WRK-157'])
    expectError(await queue.run('claim WRK-157 --json', { env: { LOCK_TTL_SECONDS: seconds } }), 2, 'USAGE')
    expect(queue.lock('WRK-157').by).toBe('')
  })
})

describe('in git', () => {
  test('a linked worktree uses the main working tree’s queue, so that both see one lock', async () => {
    const main = repository(true)
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    const found = (await run('where --json', { cwd: linked })).json
    expect(found).toMatchObject({ queue: queueIn(main), linked_worktree: queueIn(linked) })
    expect((await run('claim WRK-1', { cwd: linked, session: 'first' })).code).toBe(0)
    expect((await run('claim WRK-1', { cwd: main, session: 'second' })).code).toBe(4)
    const named = await run(['claim', 'WRK-1', '--queue', queueIn(linked)], { session: 'second' })
    expect(named.code).toBe(4)
  })

  test('a linked worktree outside of the main tree finds its queue where git ignores .claude/', async () => {
    const main = repository(false)
    writeFileSync(join(main, '.gitignore'), '.claude/\n')
    git(main, 'add', '-A')
    git(main, 'commit', '-qm', 'ignored')
    mkdirSync(join(main, 'part'))
    mkdirSync(join(queueIn(main), 'pending'), { recursive: true })
    writeFileSync(join(queueIn(main), 'pending', 'WRK-1.md'), item('WRK-1'))
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    mkdirSync(join(linked, 'part', 'below'), { recursive: true })
    for (const cwd of [linked, join(linked, 'part', 'below')])
      expect((await run('where --json', { cwd })).json).toMatchObject({
        queue: queueIn(main),
        via: 'found in the main working tree of this linked worktree',
        linked_worktree: queueIn(linked),
      })
    expect((await run('claim WRK-1', { cwd: linked, session: 'first' })).code).toBe(0)
    expect((await run('claim WRK-1', { cwd: main, session: 'second' })).code).toBe(4)
    expect((await run('verify', { cwd: linked, session: 'second' })).code).toBe(0)
    // A queue of its own goes first, and one of somebody else above the worktree comes last.
    mkdirSync(join(queueIn(join(linked, '..')), 'pending'), { recursive: true })
    expect((await run('where --json', { cwd: linked })).json.queue).toBe(queueIn(main))
    mkdirSync(join(queueIn(join(linked, 'part')), 'pending'), { recursive: true })
    expect((await run('where --json', { cwd: join(linked, 'part', 'below') })).json).toMatchObject({
      via: 'found above the working directory',
    })
    // One that is not to be shared is not.
    writeFileSync(join(queueIn(main), 'wrk.yaml'), 'worktrees: own\n')
    expect(await run('where', { cwd: linked })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Make one with: wrk init ${queueIn(linked)}`),
    })
  })

  test('a linked worktree finds the queue of the folder above its main tree', async () => {
    const workspace = tempFolder()
    mkdirSync(join(queueIn(workspace), 'pending'), { recursive: true })
    const main = join(workspace, 'repository')
    git(workspace, 'clone', '-q', repository(false), main)
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    expect((await run('where --json', { cwd: linked })).json).toMatchObject({
      queue: queueIn(workspace),
      linked_worktree: null,
    })
  })

  test('a submodule in a linked worktree uses the queue of the superproject’s main tree', async () => {
    const main = repository(false)
    mkdirSync(join(queueIn(main), 'pending'), { recursive: true })
    git(main, 'submodule', '--quiet', 'add', repository(false), 'part')
    git(main, 'commit', '-qm', 'part')
    const linked = join(tempFolder(), 'linked')
    git(main, 'worktree', 'add', '-q', linked)
    git(linked, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'update', '--init')
    expect((await run('where --json', { cwd: join(linked, 'part') })).json.queue).toBe(queueIn(main))
    // And a linked worktree of the submodule, which is nowhere near.
    const apart = join(tempFolder(), 'apart')
    git(join(main, 'part'), 'worktree', 'add', '-q', apart)
    expect((await run('where --json', { cwd: apart })).json.queue).toBe(queueIn(main))
  })

  test('a submodule without a queue uses the superproject’s, one with a queue its own', async () => {
    const main = repository(true)
    git(main, 'submodule', '--quiet', 'add', repository(false), 'bare')
    git(main, 'submodule', '--quiet', 'add', repository(true), 'own')
    expect((await run('where --json', { cwd: join(main, 'bare') })).json.queue).toBe(queueIn(main))
    expect((await run('where --json', { cwd: join(main, 'own') })).json.queue).toBe(
      queueIn(join(main, 'own')),
    )
  })
})

test('in a working directory that was removed, a queue named by its full path works', async () => {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { plan_approved: 'true' }) })
  const there = tempFolder()
  const script = `cd "$1" && rmdir "$1" && shift && exec "$@"`
  const call = (words: string) => {
    const gone = mkdtempSync(join(there, 'gone-'))
    const line = ['-c', script, 'sh', gone, PROGRAM, ...FIRST, ...words.split(' ')]
    return finished(start('sh', line, { cwd: there, env: cleanEnv(there, { WRK_SESSION_ID: 'tester' }) }))
  }
  const named = `--queue ${queue.root}`
  for (const words of [
    'claim 1',
    'show 1',
    'heartbeat',
    'list',
    'status',
    'set 1 priority=high',
    'release 1',
  ])
    expect((await call(`${words} ${named}`)).code, words).toBe(0)
  const ran = await call(`execute 1 --provider claude ${named} -- true`)
  expect(ran.code, ran.stderr).toBe(0)
  expect(await call('list')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the working directory was removed'),
  })
})

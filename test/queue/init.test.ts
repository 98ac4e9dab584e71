/** wrk init makes a queue or completes one, can be repeated, and replaces nothing. */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { run } from '../support/run.ts'

function git(cwd: string, ...args: string[]): string {
  const settings = ['-c', 'user.name=t', '-c', 'user.email=t@example.org']
  const env = cleanEnv(tempFolder(), { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' })
  const done = spawnSync('git', [...settings, ...args], { cwd, env, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`)
  return done.stdout
}

function repository(): string {
  const folder = tempFolder()
  git(folder, 'init', '-q', '-b', 'main')
  return folder
}

/** Every path below a folder with mode, time and content. */
function snapshot(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map(name => {
      const path = join(folder, name)
      const stat = lstatSync(path, { bigint: true })
      const content = stat.isFile() ? readFileSync(path, 'latin1') : ''
      return [name, `${stat.mode} ${stat.ino} ${stat.isFile() ? stat.mtimeNs : ''} ${content}`]
    }),
  )
}

const queueIn = (folder: string) => join(folder, '.claude', 'work-queue')

test('in a workspace it makes folders, settings and the template, and the queue works at once', async () => {
  const folder = repository()
  const result = await run('init --json', { cwd: folder })
  expect(result).toMatchObject({ code: 0, stderr: '' })
  expect(result.json).toMatchObject({ schema_version: 1, ok: true, queue: queueIn(folder) })
  for (const name of ['pending', 'working', 'blocked', 'done', 'archive', '.wrk'])
    expect(lstatSync(join(queueIn(folder), name)).isDirectory()).toBe(true)
  const template = readFileSync(join(queueIn(folder), 'templates', 'item.md'), 'utf8')
  expect(template).toBe(readFileSync(join(ROOT, 'templates', 'item.md'), 'utf8'))
  expect(template).toContain('\nlocked_by: ""\nlocked_at: ""\n')
  expect((await run('where --json', { cwd: folder })).json).toMatchObject({
    queue: queueIn(folder),
    settings: { id_prefix: 'WRK', ttl_seconds: 7200, takeover: 'ttl', unlisted: 'dead', worktrees: 'shared' },
  })

  // As the text of init says: copy the template, claim.
  writeFileSync(join(queueIn(folder), 'pending', 'WRK-1.md'), template.replace('WRK-000', 'WRK-1'))
  expect((await run('claim WRK-1', { cwd: folder })).code).toBe(0)
  expect((await run('list --json', { cwd: folder })).json.items).toMatchObject([
    { id: 'WRK-1', problems: [] },
  ])
})

test('a second time it changes nothing at all, also when the queue has been used', async () => {
  const folder = repository()
  const first = await run('init --json', { cwd: folder })
  expect(first.json.created.length).toBeGreaterThan(5)
  writeFileSync(join(queueIn(folder), 'pending', 'WRK-1.md'), item('WRK-1'))
  await run('claim WRK-1', { cwd: folder })
  const before = snapshot(folder)
  const second = await run('init --json', { cwd: folder })
  expect(second.json).toMatchObject({ ok: true, created: [] })
  expect(snapshot(folder)).toEqual(before)
  expect((await run('init', { cwd: folder })).stdout).toMatch(/^Nothing to do/)
  expect(snapshot(folder)).toEqual(before)
})

test('files that are there are kept, byte for byte, and only what is missing is made', async () => {
  const folder = repository()
  const queue = queueIn(folder)
  mkdirSync(join(queue, 'templates'), { recursive: true })
  mkdirSync(join(queue, 'pending'))
  const ours = {
    'wrk.yaml': 'ttl: 5m # ours\r\n',
    'templates/item.md': 'ours',
    'pending/WRK-1.md': item('WRK-1'),
    'session-state.yaml': 'session_id: "x"\n',
  }
  for (const [name, text] of Object.entries(ours)) writeFileSync(join(queue, name), text)
  const before = snapshot(queue)
  const { json } = await run('init --json', { cwd: folder })
  expect(json.kept).toEqual(expect.arrayContaining(['wrk.yaml', 'templates/item.md', 'pending/']))
  expect(json.created).toEqual(expect.arrayContaining(['done/', '.gitignore']))
  expect(snapshot(queue)).toMatchObject(
    Object.fromEntries(Object.keys(ours).map(name => [name, before[name]])),
  )
})

test('git does not see session-state.yaml nor anything of .wrk', async () => {
  const folder = repository()
  await run('init', { cwd: folder })
  writeFileSync(join(queueIn(folder), 'pending', 'WRK-1.md'), item('WRK-1'))
  await run('claim WRK-1', { cwd: folder })
  expect(existsSync(join(queueIn(folder), 'session-state.yaml'))).toBe(true)
  expect(existsSync(join(queueIn(folder), '.wrk', 'events.jsonl'))).toBe(true)
  const seen = git(folder, 'status', '--porcelain', '--untracked-files=all')
  expect(seen.split('\n').filter(Boolean).sort()).toEqual([
    '?? .claude/work-queue/.gitignore',
    ...['archive', 'blocked', 'done'].map(folder => `?? .claude/work-queue/${folder}/.gitkeep`),
    '?? .claude/work-queue/pending/.gitkeep',
    '?? .claude/work-queue/pending/WRK-1.md',
    '?? .claude/work-queue/templates/item.md',
    '?? .claude/work-queue/working/.gitkeep',
    '?? .claude/work-queue/wrk.yaml',
  ])
})

test('.wrk ignores itself also in a queue that was never initialised', async () => {
  const folder = repository()
  mkdirSync(join(queueIn(folder), 'pending'), { recursive: true })
  writeFileSync(join(queueIn(folder), 'pending', 'WRK-1.md'), item('WRK-1'))
  expect((await run('claim WRK-1', { cwd: folder })).code).toBe(0)
  expect(git(folder, 'status', '--porcelain', '--untracked-files=all')).not.toContain('.wrk')
})

test.each([
  ['with a line end', '*.log\n# ours\n', '*.log\n# ours\nsession-state.yaml\n'],
  ['without one', '*.log', '*.log\nsession-state.yaml\n'],
  ['that is empty', '', 'session-state.yaml\n'],
])('a .gitignore %s gets one line more, and only once', async (_, text, wanted) => {
  const queue = makeQueue({ '.gitignore': text })
  for (let times = 0; times < 3; times++) {
    const { code, stdout } = await run(['init', queue.root])
    expect(code).toBe(0)
    expect(queue.read('.gitignore')).toBe(wanted)
    expect(stdout.includes('  added to .gitignore\n')).toBe(times === 0)
    expect(stdout).not.toContain('made .gitignore')
  }
})

test.each(['session-state.yaml\n', '/session-state.yaml\r\n*.log\r\n', '*.log\nsession-state.yaml  \n'])(
  'a .gitignore that has the rule (%j) stays as it is',
  async text => {
    const queue = makeQueue({ '.gitignore': text })
    expect((await run(['init', queue.root])).code).toBe(0)
    expect(queue.read('.gitignore')).toBe(text)
  },
)

test('it takes a folder of its own, a workspace, --queue or the environment', async () => {
  const own = join(tempFolder(), 'my-queue')
  expect((await run(['init', own, '--json'])).json.queue).toBe(own)
  const workspace = repository()
  expect((await run(['init', workspace, '--json'])).json.queue).toBe(queueIn(workspace))
  const [byFlag, byEnv] = [join(tempFolder(), 'q'), join(tempFolder(), 'q')]
  expect((await run(['init', '--queue', byFlag, '--json'], { env: { WRK_QUEUE: byEnv } })).json.queue).toBe(
    byFlag,
  )
  expect((await run('init --json', { env: { WORK_ITEM_ROOT: byEnv } })).json.queue).toBe(byEnv)
  for (const queue of [own, byFlag, byEnv]) expect((await run(['list', '--queue', queue])).code).toBe(0)
  // In a queue's own folder it completes that queue and does not nest another.
  expect((await run('init --json', { cwd: own })).json).toMatchObject({ queue: own, created: [] })
})

test('within another queue it makes none; below another it says which one is used from now on', async () => {
  const folder = repository()
  await run('init', { cwd: folder })
  const before = snapshot(folder)
  for (const [args, cwd] of [
    ['init --json', join(queueIn(folder), 'pending')],
    ['init .claude/work-queue/pending --json', folder],
    ['init .claude/work-queue/more --json', folder],
  ] as const) {
    const refused = await run(args, { cwd })
    expect(refused).toMatchObject({ code: 2, json: { error: { code: 'USAGE' } } })
    expect(refused.json.error.hint).toContain(`wrk init ${queueIn(folder)}.`)
  }
  expect(snapshot(folder)).toEqual(before)
  expect((await run('init', { cwd: folder })).stderr).toBe('')

  const part = join(folder, 'packages', 'a')
  mkdirSync(part, { recursive: true })
  const refused = await run('init', { cwd: part })
  expect(refused).toMatchObject({
    code: 2,
    stderr: `wrk: there is already a queue for this folder: ${queueIn(folder)}
     Make a second one that replaces it here: wrk init --separate\n`,
  })
  expect(existsSync(join(part, '.claude'))).toBe(false)
  const made = await run('init --separate', { cwd: part })
  expect(made).toMatchObject({
    code: 0,
    stderr: `wrk: warning: from now on ${part} uses this queue, not ${queueIn(folder)}\n`,
  })
  expect((await run('where --json', { cwd: part })).json.queue).toBe(queueIn(part))

  // One that is there already, and has none of the folders yet, is not above itself.
  const empty = repository()
  mkdirSync(queueIn(empty), { recursive: true })
  expect(await run('init', { cwd: empty })).toMatchObject({ code: 0, stderr: '' })
})

test('a named folder without anything of a queue is not a queue; an empty one is an empty queue', async () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'README.md'), 'a project\n')
  for (const [args, env] of [
    [['next', '--queue', folder], {}],
    [['new', 'Title'], { WRK_QUEUE: folder }],
    [['doctor'], { WORK_ITEM_ROOT: folder }],
  ] as const) {
    const { code, stderr } = await run([...args], { env })
    expect({ args, code }).toEqual({ args, code: 1 })
    expect(stderr).toContain(`no queue at ${folder}`)
    expect(stderr).toContain(`wrk init ${folder}`)
  }
  expect(readdirSync(folder).sort()).toEqual(['README.md', 'src'])
  expect((await run(['list', '--queue', tempFolder()])).stdout).toBe('No items.\n')
  // Laid out by hand.
  writeFileSync(join(folder, 'WRK-7.md'), item('WRK-7'))
  expect((await run(['show', '7', '--queue', folder])).code).toBe(0)
})

test('what is in its way is reported in a sentence, and not replaced', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'file'), 'mine\n')
  for (const target of [join(folder, 'file'), join(folder, 'file', 'queue')]) {
    const result = await run(['init', target])
    expect(result.code).toBe(74)
    expect(result.stderr).toMatch(/^wrk: /)
    expect(result.stderr).not.toMatch(/\n\s+at |a bug in wrk/)
  }
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine\n')

  const queue = makeQueue()
  symlinkSync(join(folder, 'nowhere'), queue.path('wrk.yaml'))
  const result = await run(['init', queue.root])
  expect([0, 74]).toContain(result.code)
  expect(existsSync(join(folder, 'nowhere'))).toBe(false)
})

test('a copy of the example queue can be completed, without a change to its items', async () => {
  const queue = makeQueue()
  cpSync(join(ROOT, 'fixtures', 'queue'), queue.root, { recursive: true })
  const before = snapshot(queue.root)
  expect((await run(['init', queue.root])).code).toBe(0)
  const after = snapshot(queue.root)
  for (const name of Object.keys(before).filter(path => path.endsWith('.md')))
    expect(after[name]).toBe(before[name])
})

test('a file in place of the folder is reported as such, by init and by --queue', async () => {
  const file = join(tempFolder(), 'notes.txt')
  writeFileSync(file, 'mine')
  const made = await run(['init', file])
  expect(made).toMatchObject({ code: 74, stdout: '' })
  expect(made.stderr).toContain(`${file} is a file, not a folder`)
  const below = await run(['init', join(file, 'queue')])
  expect(below.code).toBe(74)
  expect(below.stderr).toContain('there is a file where a folder is needed')
  const asked = await run(['--queue', file, 'list', '--json'])
  expect(asked.json.error).toMatchObject({
    code: 'NOT_FOUND',
    message: `no queue at ${file}: it is a file, not a folder`,
    hint: expect.not.stringContaining('wrk init'),
  })
  expect(readFileSync(file, 'utf8')).toBe('mine')
})

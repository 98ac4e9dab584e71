/** The rest of verify-git.test.ts: what takes too long for every run. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { gitEnv, IN_QUEUE, makeRepository, Repository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'
import {
  claim,
  codes,
  diverged,
  expectReplay,
  leftOut,
  twoSessions,
  verify,
  withClaims,
} from './verify-git.shared.ts'

describe('at the first commit', () => {
  test('all that is staged is new: items of one’s own pass, broken and held ones do not', async () => {
    const repository = await makeRepository(null)
    twoSessions(repository)
    repository.write('WRK-1', item('WRK-1'))
    repository.write('WRK-2', item('WRK-2'))
    await claim(repository, 'WRK-2', 'tester')
    expect((await repository.verifyAll()).json).toMatchObject({ ok: true, checked: 2 })
    repository.write('WRK-3', 'none')
    expect(codes(await repository.verifyAll())).toEqual(['no-frontmatter'])
    rmSync(join(repository.top, repository.path('WRK-3')))
    await claim(repository, 'WRK-1', 'other')
    const result = await repository.verifyAll()
    expect(result).toMatchObject({ code: 4, json: { findings: [{ code: 'held' }] } })
    // What it advises works without a commit to restore from.
    await repository.git(result.json.findings[0].fix.split(' ').slice(1))
    expect((await verify(repository)).code).toBe(0)
  })
})

describe('items that went elsewhere', () => {
  test('deleted without a command: one’s own and free ones may go, those of others may not', async () => {
    const repository = await withClaims()
    await repository.git(['rm', '-q', '-f', repository.path('WRK-2'), repository.path('WRK-3')])
    expect((await verify(repository)).json).toMatchObject({ ok: true, checked: 2 })
    await repository.git(['rm', '-q', '--cached', repository.path('WRK-1')])
    expect(codes(await verify(repository))).toEqual(['held'])
    // Also when the file, and the lock with it, is gone: the registry remembers.
    rmSync(join(repository.top, repository.path('WRK-1')))
    const result = await verify(repository)
    expect(result.json.findings).toMatchObject([{ code: 'held', line: 0, holder: { session_id: 'other' } }])
    const text = await repository.wrk('verify')
    expect(text.stderr).toContain(`${repository.path('WRK-1')}: this commit deletes WRK-1`)
  })
})

describe('an item that was moved, of which only the deletion is staged,', () => {
  test('is refused, and the advice repairs it', async () => {
    const repository = await withClaims()
    expect((await repository.wrk('start WRK-3')).code).toBe(0)
    await repository.git('add -u')
    const result = await verify(repository)
    expect(result).toMatchObject(leftOut(repository, 'working/WRK-3.md'))
    await repository.git(result.json.findings[0].fix.split(' ').slice(1))
    expect((await verify(repository)).code).toBe(0)
  })

  test('is its holder’s business first', async () => {
    const repository = await withClaims()
    expect((await repository.wrk('start WRK-1', { session: 'other' })).code).toBe(0)
    await repository.git('add -u')
    expect(await verify(repository)).toMatchObject({ code: 4 })
    expect(codes(await verify(repository))).toEqual(['held'])
    expect(codes(await verify(repository, 'other'))).toEqual(['left-out'])
  })

  test.each(['deleted it', 'never had it'])('while a branch is merged that %s', async what => {
    const repository = await makeRepository(['WRK-1', 'WRK-2'])
    if (what === 'deleted it') repository.write('WRK-3', item('WRK-3'))
    await repository.commitAll()
    await repository.git('checkout -q -b side')
    rmSync(join(repository.top, repository.path('WRK-3')), { force: true })
    repository.append('WRK-2', 'Side.\n')
    await repository.commitAll('side')
    await repository.git('checkout -q main')
    repository.append('WRK-2', 'Main.\n')
    repository.write('WRK-3', item('WRK-3'))
    await repository.commitAll('main')
    expect((await repository.tryGit('merge side')).code).toBe(1)
    await repository.git('checkout --ours .')
    // The side's deletion leaves nothing to be moved.
    repository.write(join(IN_QUEUE, 'working/WRK-3.md'), item('WRK-3', { status: 'working' }))
    rmSync(join(repository.top, repository.path('WRK-3')), { force: true })
    await repository.git('add -u')
    expect(codes(await verify(repository))).toEqual(what === 'deleted it' ? [] : ['left-out'])
    // The same holds for who deleted it.
    await claim(repository, 'WRK-3', 'other')
    expect(codes(await verify(repository))).toEqual(what === 'deleted it' ? [] : ['held'])
  })
})

describe('with a merge in progress', () => {
  /** Both branches changed WRK-3 and cannot be merged by git; `theirs` changed the others too. */
  async function merging(): Promise<Repository> {
    const repository = await makeRepository()
    await repository.git('checkout -q -b theirs')
    for (const id of ['WRK-1', 'WRK-2', 'WRK-3']) repository.append(id, 'Theirs.\n')
    repository.write('WRK-4', item('WRK-4', { status: 'done' }))
    await repository.commitAll('theirs')
    await repository.git('checkout -q main')
    repository.append('WRK-3', 'Ours.\n')
    await repository.commitAll('ours')
    twoSessions(repository)
    expect((await repository.tryGit('merge theirs')).code).toBe(1)
    return repository
  }

  test('resolving an item’s conflict counts as a change of this session', async () => {
    const repository = await merging()
    repository.write('WRK-3', item('WRK-3'))
    await claim(repository, 'WRK-3', 'other')
    await repository.git(['add', repository.path('WRK-3')])
    expect(codes(await verify(repository))).toEqual(['held'])
    expect((await verify(repository, 'other')).code).toBe(0)
    await repository.git(['checkout', '-q', 'theirs', '--', repository.path('WRK-3')])
    await repository.git(['add', repository.path('WRK-3')])
    expect((await verify(repository)).code).toBe(0)
  })
})

describe('while commits are replayed', () => {
  test('by rebase', async () => {
    const repository = await diverged()
    await repository.git('checkout -q work')
    expect((await repository.tryGit('rebase main')).code).toBe(1)
    expect(existsSync(join(repository.top, '.git', 'rebase-merge'))).toBe(true)
    await expectReplay(repository)
    await repository.git('rebase --abort')
  })
})

describe('in a linked worktree', () => {
  async function linked(): Promise<{ main: Repository; tree: Repository }> {
    const main = await makeRepository()
    twoSessions(main)
    const folder = join(tempFolder(), 'linked tree')
    await main.git(['worktree', 'add', '-q', '-b', 'linked', folder])
    return { main, tree: new Repository(folder, IN_QUEUE) }
  }

  test('the lock is that of the main working tree’s file, the index its own', async () => {
    const { main, tree } = await linked()
    await claim(main, 'WRK-1', 'other')
    await claim(main, 'WRK-2', 'tester')
    tree.append('WRK-1')
    tree.append('WRK-2')
    expect(codes(await tree.verifyAll())).toEqual(['held'])
    expect(codes(await tree.verifyAll('other'))).toEqual(['held'])
    await tree.git(['restore', '--staged', '--worktree', tree.path('WRK-1')])
    expect((await tree.verifyAll()).json).toMatchObject({ ok: true, checked: 1 })
    expect((await verify(main)).json).toMatchObject({ ok: true, checked: 0 })
    // The queue by its name is the same.
    const env = { WRK_QUEUE: join(main.top, IN_QUEUE) }
    const named = await tree.wrk('verify --json', { session: 'other', env })
    expect(codes(named)).toEqual(['held'])
  })
})

describe('with submodules', () => {
  const allowed = ['-c', 'protocol.file.allow=always']

  test('commits in one know the superproject’s locks by name, and commits of its pointer concern no item', async () => {
    const library = await makeRepository([], { queue: 'none' })
    const workspace = await withClaims()
    await workspace.git([...allowed, 'submodule', '--quiet', 'add', library.top, 'library'])
    await workspace.commitAll('with a library')
    const inside = new Repository(join(workspace.top, 'library'), 'none')
    inside.write('code.js', '1\n')
    await inside.git('add -A')
    const nothing = await verify(inside)
    expect(nothing.json).toMatchObject({ ok: true, checked: 0 })
    inside.write('message', 'WRK-1: in the library\n')
    expect((await inside.wrk('verify --commit-msg message')).code).toBe(4)
    await inside.git(['commit', '-q', '-m', 'code'])
    expect((await workspace.verifyAll()).json).toMatchObject({ ok: true, checked: 0 })
  })

  test('a queue in a submodule is judged there', async () => {
    const library = await makeRepository(['WRK-1'])
    const workspace = await makeRepository([], { queue: 'none' })
    await workspace.git([...allowed, 'submodule', '--quiet', 'add', library.top, 'library'])
    await workspace.git(['commit', '-q', '-m', 'with a library'])
    const inside = new Repository(join(workspace.top, 'library'), IN_QUEUE)
    twoSessions(inside)
    await claim(inside, 'WRK-1', 'other')
    inside.append('WRK-1')
    await inside.git('add -A')
    expect(codes(await verify(inside))).toEqual(['held'])
    await inside.commitAll()
    await workspace.git('add -A')
    const env = { WRK_QUEUE: join(inside.top, IN_QUEUE) }
    expect((await workspace.wrk('verify --json', { env })).json).toMatchObject({ ok: true, checked: 0 })
  })
})

test('paths with blanks, quotes and other letters', async () => {
  const folder = join(tempFolder(), "Bücher & 'mehr' 漢字")
  const repository = await withClaims({ folder, queue: 'die Aufgaben/für "alle"' })
  const name = join(repository.queue, 'pending', 'WRK-8 Grüße – 漢字\'s "x".md')
  repository.write(name, 'none')
  repository.append('WRK-1')
  await repository.git('add -A')
  const env = { WRK_QUEUE: join(folder, repository.queue) }
  const result = await repository.wrk('verify --json', { env })
  expect(codes(result).sort()).toEqual(['held', 'no-frontmatter'])
  expect(result.json.findings.map(({ path }: Json) => path).sort()).toEqual(
    [repository.path('WRK-1'), name].sort(),
  )
  const again = await repository.wrk(['verify', '--json', name], { env })
  expect(again.json).toMatchObject({ checked: 1, findings: [{ item: 'WRK-8' }] })
  repository.write(name, heldItem('WRK-8', 'tester', new Date()))
  await repository.git('add -A')
  expect(codes(await repository.wrk('verify --json', { env }))).toEqual(['held'])
})

test('CRLF, and content that is not text: only what is beside the lock counts', async () => {
  const repository = await makeRepository()
  await repository.git('config core.autocrlf false')
  const body = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  repository.write('WRK-1', Buffer.concat([Buffer.from(item('WRK-1').replaceAll('\n', '\r\n')), body]))
  repository.write('WRK-2', item('WRK-2', { locked_by: null, locked_at: null }))
  repository.write('WRK-3', item('WRK-3', { related: '&all [a]', again: '*all' }))
  await repository.commitAll()
  twoSessions(repository)
  for (const id of ['WRK-1', 'WRK-2', 'WRK-3']) await claim(repository, id, 'other')
  expect((await repository.verifyAll()).json).toMatchObject({ ok: true, checked: 3 })
  const bytes = readFileSync(join(repository.top, repository.path('WRK-1')))
  bytes[bytes.length - 1] = 0
  repository.write('WRK-1', bytes)
  expect(codes(await repository.verifyAll())).toEqual(['held'])
})

/** The files of the queue, from the repository's top. */
const listed = ({ top, queue }: Repository) =>
  readdirSync(join(top, queue), { recursive: true, encoding: 'utf8' }).map(name => join(queue, name))

describe('an item that was moved, of which only the deletion is staged,', () => {
  test.each(['.gitignore', '.git/info/exclude', 'core.excludesFile'])(
    'to a folder that %s ignores is refused with the place of the rule, and git add -f keeps it',
    async where => {
      const repository = await makeRepository()
      const file = where.startsWith('.') ? where : join(tempFolder(), 'ignore')
      await repository.git(['config', 'core.excludesFile', where.startsWith('.') ? '/dev/null' : file])
      const rules = '# ours\narchive/\n'
      if (where.startsWith('.')) repository.write(file, rules)
      else writeFileSync(file, rules)
      expect((await repository.wrk('hooks install')).code).toBe(0)
      expect((await repository.wrk('archive WRK-3')).code).toBe(0)
      const [path] = listed(repository).filter(name => name.endsWith('WRK-3.md'))
      await repository.git('add -u')
      expect(await verify(repository)).toMatchObject({
        code: 1,
        json: {
          findings: [
            {
              code: 'ignored',
              item: 'WRK-3',
              message: expect.stringContaining(
                `its file is now ${path}, which git ignores (${file}:2: archive/)`,
              ),
              fix: expect.stringContaining(`git add -f ${path}`),
            },
          ],
        },
      })
      const refused = await repository.tryGit('commit -qam archived')
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain('Commit refused: WRK-3 needs a fix.')
      await repository.git(['add', '-f', path!])
      await repository.git('commit -qam archived')
      await repository.git('clean -qfdX -e !.git')
      expect(existsSync(join(repository.top, path!))).toBe(true)
      expect(await repository.git('ls-files')).toContain(path)
    },
  )
})

test.skipIf(spawnSync('git-crypt', ['version']).status !== 0)(
  'items that git-crypt encrypts are judged by their text, and what is locked is said to be so',
  async () => {
    const repository = await makeRepository(null)
    const env = gitEnv({})
    const gitCrypt = (...args: string[]) =>
      expect(spawnSync('git-crypt', args, { cwd: repository.top, env, encoding: 'utf8' })).toMatchObject({
        status: 0,
      })
    gitCrypt('init')
    repository.write('.gitattributes', '*.md filter=git-crypt diff=git-crypt\n')
    for (const id of ['WRK-1', 'WRK-2']) repository.write(id, item(id))
    await repository.commitAll()
    expect(await repository.git(['cat-file', 'blob', `HEAD:${repository.path('WRK-1')}`])).toContain(
      'GITCRYPT',
    )
    twoSessions(repository)
    expect((await repository.wrk('hooks install')).code).toBe(0)
    await claim(repository, 'WRK-1', 'other')
    await claim(repository, 'WRK-2', 'tester')
    await repository.git(['commit', '-qam', 'locks'])
    repository.append('WRK-1')
    expect((await repository.tryGit(['commit', '-qam', 'x'])).stderr).toContain(
      'WRK-1 belongs to another session',
    )
    await repository.git(['restore', repository.path('WRK-1')])
    repository.append('WRK-2')
    expect((await repository.tryGit(['commit', '-qam', 'WRK-2: more'])).code).toBe(0)
    await repository.git('stash -q')
    gitCrypt('lock')
    const refused = await repository.wrk('claim WRK-1 --json')
    expect([refused.code, refused.json.error.hint]).toEqual([5, 'git-crypt unlock'])
    expect(refused.json.error.message).toContain('the file is encrypted by git-crypt')
    const { findings } = (await repository.wrk('doctor --json')).json
    expect(findings.filter(({ code }: Json) => code === 'unreadable')).toMatchObject([
      { advice: 'git-crypt unlock' },
      { advice: 'git-crypt unlock' },
    ])
  },
)

describe('what the environment tells git', () => {
  test.each(['literal', 'glob', 'noglob', 'icase'])(
    'git --%s-pathspecs commit meets the same fence, as from Magit',
    async how => {
      const repository = await withClaims()
      expect((await repository.wrk('hooks install')).code).toBe(0)
      repository.append('WRK-1')
      const refused = await repository.tryGit([`--${how}-pathspecs`, 'commit', '-qam', 'x'])
      expect(refused.stderr).toContain('WRK-1 belongs to another session')
      expect(refused.code).toBe(1)
      await repository.git(['restore', repository.path('WRK-1')])
      repository.append('WRK-2')
      expect((await repository.tryGit([`--${how}-pathspecs`, 'commit', '-qam', 'x'])).code).toBe(0)
    },
  )
})

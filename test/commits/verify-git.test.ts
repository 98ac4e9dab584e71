/** wrk verify in every state that a git repository can be in when somebody commits. */
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { IN_QUEUE, makeRepository, Repository } from '../support/repository.ts'
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
  test('the queue may be the whole repository', async () => {
    const repository = await withClaims({ queue: '.' })
    repository.append('WRK-1')
    expect(codes(await repository.verifyAll())).toEqual(['held'])
  })
})

describe('items that went elsewhere', () => {
  test('moved between folders by their holder, with another status, or renamed with a suffix', async () => {
    const repository = await withClaims()
    const from = join(repository.top, repository.path('WRK-2'))
    repository.write('WRK-2', repository.read('WRK-2').replace('status: pending', 'status: working'))
    renameSync(from, join(repository.top, IN_QUEUE, 'working', 'WRK-2-tides.md'))
    expect((await repository.verifyAll()).json).toMatchObject({ ok: true, checked: 2 })
    expect(codes(await repository.verifyAll('other'))).toEqual(['held'])
  })

  test('moved, and staged only in part, they are in two places', async () => {
    const repository = await withClaims()
    await repository.git(['add', '-A'])
    renameSync(join(repository.top, repository.path('WRK-2')), join(repository.top, IN_QUEUE, 'WRK-2.md'))
    await repository.git(['add', join(IN_QUEUE, 'WRK-2.md')])
    const result = await verify(repository)
    expect(codes(result)).toEqual(['ambiguous'])
    await repository.git(['add', '-A'])
    expect((await verify(repository)).code).toBe(0)
  })

  test('an id that was in two places before is reported when one of them is changed', async () => {
    const repository = await makeRepository()
    repository.write(join(IN_QUEUE, 'WRK-2.md'), item('WRK-2'))
    await repository.commitAll()
    repository.append('WRK-1')
    expect((await repository.verifyAll()).code).toBe(0)
    repository.append('WRK-2')
    expect(codes(await repository.verifyAll())).toEqual(['ambiguous'])
    rmSync(join(repository.top, IN_QUEUE, 'WRK-2.md'))
    expect((await repository.verifyAll()).code).toBe(0)
  })
})

describe('an item that was moved, of which only the deletion is staged,', () => {
  const move = ({ top }: Repository, to: string, id = 'WRK-3') => {
    mkdirSync(join(top, IN_QUEUE, dirname(to)), { recursive: true })
    renameSync(join(top, IN_QUEUE, 'pending', `${id}.md`), join(top, IN_QUEUE, to))
  }
  test('under another name in the same folder, or in two places, is refused too', async () => {
    const repository = await withClaims()
    move(repository, 'pending/WRK-3-tides.md')
    await repository.git('add -u')
    expect(await verify(repository)).toMatchObject(leftOut(repository, 'pending/WRK-3-tides.md'))
    repository.write(join(IN_QUEUE, 'done/WRK-3.md'), item('WRK-3', { status: 'done' }))
    const [finding] = (await verify(repository)).json.findings
    expect(finding.fix).toBe(
      `git add ${IN_QUEUE}/done/WRK-3.md, or: git add ${IN_QUEUE}/pending/WRK-3-tides.md`,
    )
  })

  test('passes where that was meant: its file stays where it was, or is one of two', async () => {
    const repository = await makeRepository()
    await repository.git(['rm', '-q', '--cached', repository.path('WRK-1')])
    repository.write(join(IN_QUEUE, 'working/WRK-1.md'), item('WRK-1', { status: 'working' }))
    expect((await verify(repository)).json).toMatchObject({ ok: true, checked: 1 })

    const twice = await makeRepository()
    twice.write(join(IN_QUEUE, 'WRK-3.md'), item('WRK-3'))
    await twice.commitAll()
    move(twice, 'working/WRK-3.md')
    await twice.git('add -u')
    expect((await verify(twice)).json).toMatchObject({ ok: true, checked: 1 })
  })

  test('and only announced with git add -N, is not in the commit', async () => {
    const repository = await makeRepository()
    move(repository, 'working/WRK-3.md')
    await repository.git('add -u')
    await repository.git(['add', '-N', join(IN_QUEUE, 'working/WRK-3.md')])
    expect(await verify(repository)).toMatchObject(leftOut(repository, 'working/WRK-3.md'))
    // What is announced is in no commit, so nothing is wrong with it yet.
    await repository.git('reset -q')
    repository.write(join(IN_QUEUE, 'working/WRK-9.md'), 'nothing yet')
    await repository.git(['add', '-N', join(IN_QUEUE, 'working/WRK-9.md')])
    expect((await verify(repository)).json).toMatchObject({ ok: true, checked: 0 })
  })

  test('in a linked worktree: the files of that one count, not the queue’s', async () => {
    const main = await makeRepository()
    const tree = new Repository(join(tempFolder(), 'tree'), IN_QUEUE)
    await main.git(['worktree', 'add', '-q', '-b', 'linked', tree.top])
    move(main, 'working/WRK-3.md')
    await tree.git(['rm', '-q', tree.path('WRK-3')])
    expect((await verify(tree)).json).toMatchObject({ ok: true, checked: 1 })
    tree.write(join(IN_QUEUE, 'done/WRK-3.md'), item('WRK-3', { status: 'done' }))
    expect(await verify(tree)).toMatchObject(leftOut(tree, 'done/WRK-3.md'))
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

  test('what others committed passes, held or not', async () => {
    const repository = await merging()
    await claim(repository, 'WRK-1', 'other')
    const unresolved = await verify(repository)
    expect(unresolved).toMatchObject({ code: 0, json: { warnings: [expect.stringContaining('conflicts')] } })
    repository.write('WRK-3', `${item('WRK-3')}Ours and theirs.\n`)
    await repository.git(['add', repository.path('WRK-3')])
    expect((await verify(repository)).json).toMatchObject({ ok: true, warnings: [], checked: 4 })
    // What is done to the other's item on top of that is this session's doing.
    repository.append('WRK-1')
    await repository.git(['add', repository.path('WRK-1')])
    expect(codes(await verify(repository))).toEqual(['held'])
  })

  test('the subject of the merge is not checked', async () => {
    const repository = await merging()
    await claim(repository, 'WRK-1', 'other')
    repository.write('.git/MERGE_MSG', 'Take in WRK-1 and more\n')
    const result = await repository.wrk('verify --json --commit-msg .git/MERGE_MSG')
    expect(result.json).toMatchObject({ ok: true, warnings: [expect.stringContaining('held by other')] })
  })
})

describe('while commits are replayed', () => {
  test('by cherry-pick', async () => {
    const repository = await diverged()
    expect((await repository.tryGit('cherry-pick work')).code).toBe(1)
    await expectReplay(repository)
  })

  test('a deletion that was reverted and is picked again is that commit’s', async () => {
    const repository = await makeRepository()
    await repository.git(['rm', '-q', repository.path('WRK-1')])
    repository.append('WRK-3', 'Gone.\n')
    await repository.commitAll('gone')
    await repository.git('revert --no-edit HEAD')
    repository.append('WRK-3', 'Main.\n')
    await repository.commitAll('main')
    expect((await repository.tryGit('cherry-pick HEAD~2')).code).toBe(1)
    repository.write(join(IN_QUEUE, 'working/WRK-1.md'), item('WRK-1', { status: 'working' }))
    expect((await verify(repository)).json).toMatchObject({ findings: [], checked: 1 })
  })

  test('but a revert is a change like any other', async () => {
    const repository = await withClaims()
    await repository.commitAll()
    repository.append('WRK-1')
    await repository.commitAll('more')
    await repository.git('revert --no-commit HEAD')
    expect(codes(await verify(repository))).toEqual(['held'])
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

  test('a queue named in another worktree judges, also where there is no main one', async () => {
    const source = await makeRepository()
    const folder = tempFolder()
    const bare = new Repository(join(folder, 'bare.git'), IN_QUEUE)
    await source.git(['clone', '-q', '--bare', source.top, bare.top])
    const [one, two] = ['one', 'two'].map(name => new Repository(join(folder, name), IN_QUEUE)) as [
      Repository,
      Repository,
    ]
    for (const { top } of [one, two]) await bare.git(['worktree', 'add', '-q', '--detach', top])
    twoSessions(one)
    await claim(one, 'WRK-1', 'other')
    two.append('WRK-1')
    await two.git('add -A')
    const env = { WRK_QUEUE: join(one.top, IN_QUEUE) }
    expect(codes(await two.wrk('verify --json', { env }))).toEqual(['held'])
  })

  test('an id in two places of its index is seen there', async () => {
    const { tree } = await linked()
    tree.write(join(IN_QUEUE, 'WRK-2.md'), item('WRK-2'))
    expect(codes(await tree.verifyAll())).toEqual(['ambiguous'])
  })

  test('with worktrees: own it has locks of its own', async () => {
    const { main, tree } = await linked()
    await claim(main, 'WRK-1', 'other')
    for (const one of [main, tree]) one.write(join(IN_QUEUE, 'wrk.yaml'), 'worktrees: own\n')
    tree.append('WRK-1')
    expect((await tree.verifyAll()).code).toBe(0)
  })
})

test('a queue that is a link to a folder of the same repository', async () => {
  const repository = await withClaims({ queue: 'tasks' })
  mkdirSync(join(repository.top, '.claude'))
  symlinkSync('../tasks', join(repository.top, IN_QUEUE))
  repository.append('WRK-1')
  expect(codes(await repository.verifyAll())).toEqual(['held'])
})

describe('what the environment tells git', () => {
  test('a commit from elsewhere, by --git-dir and --work-tree, is checked the same', async () => {
    const repository = await withClaims()
    expect((await repository.wrk('hooks install')).code).toBe(0)
    repository.append('WRK-1')
    const elsewhere = tempFolder()
    const named = [`--git-dir=${join(repository.top, '.git')}`, `--work-tree=${repository.top}`]
    const refused = await repository.tryGit([...named, 'commit', '-qam', 'x'], { cwd: elsewhere })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('belongs to another session') })
  })

  test('an index of its own is what is judged', async () => {
    const repository = await withClaims()
    repository.append('WRK-1')
    const env = { GIT_INDEX_FILE: join(repository.top, '.git', 'own-index') }
    await repository.git('read-tree HEAD', { env })
    await repository.git('add -A', { env })
    expect(codes(await repository.wrk('verify --json', { env }))).toEqual(['held'])
    expect((await verify(repository)).json).toMatchObject({ ok: true, checked: 0 })
  })

  test('says nothing about a queue elsewhere', async () => {
    const [repository, other] = [await withClaims(), await makeRepository()]
    repository.append('WRK-1')
    await repository.git('add -A')
    const env = { GIT_INDEX_FILE: join(other.top, '.git', 'index') }
    const named = ['verify', '--json', '--queue', join(repository.top, IN_QUEUE)]
    expect(codes(await repository.wrk(named, { env, cwd: tempFolder() }))).toEqual(['held'])
  })
})

describe('what .gitattributes filters', () => {
  /** What git keeps is the text in base64, as git-crypt keeps it encrypted. */
  async function filtered(smudge: string): Promise<Repository> {
    const repository = await makeRepository(null)
    await repository.git(['config', 'filter.secret.clean', 'base64'])
    await repository.git(['config', 'filter.secret.smudge', smudge])
    await repository.git('config filter.secret.required true')
    repository.write('.gitattributes', '*.md filter=secret\n')
    for (const id of ['WRK-1', 'WRK-2']) repository.write(id, item(id))
    await repository.commitAll()
    twoSessions(repository)
    return repository
  }

  test('is judged as it is checked out', async () => {
    const repository = await filtered('base64 -d')
    expect(await repository.git(['cat-file', 'blob', `HEAD:${repository.path('WRK-1')}`])).not.toContain(
      '---',
    )
    repository.append('WRK-2')
    expect((await repository.verifyAll()).json).toMatchObject({ ok: true, checked: 1, warnings: [] })
    await claim(repository, 'WRK-2', 'other')
    expect(codes(await repository.verifyAll())).toEqual(['held'])
    await repository.git('reset -q --hard')
    // The lock alone, as it is: anybody may commit it, which only the text behind the filter shows.
    await claim(repository, 'WRK-1', 'other')
    expect((await repository.verifyAll()).json).toMatchObject({ ok: true, checked: 1 })
  })

  test('also by history and verify --range', async () => {
    const repository = await filtered('base64 -d')
    await claim(repository, 'WRK-2', 'other')
    await repository.git('branch before')
    await repository.git(['commit', '-qam', 'claimed'])
    await repository.git('checkout -q -b later')
    repository.write('WRK-1', repository.read('WRK-1').replace('status: pending', 'status: nonsense'))
    await repository.git(['commit', '-qam', 'edited'])
    const { entries } = (await repository.wrk('history WRK-1 --json')).json
    expect(entries.at(-1)).toMatchObject({
      subject: 'edited',
      fields: [{ key: 'status', from: 'pending', to: 'nonsense' }],
      body: false,
    })
    const range = await repository.wrk('verify --range before..later --json')
    expect(range.json.findings.map(({ code }: { code: string }) => code)).not.toContain('no-frontmatter')
  })

  test('and a filter that fails is named', async () => {
    const repository = await filtered('false')
    repository.append('WRK-2')
    expect((await repository.verifyAll()).json).toMatchObject({
      findings: [{ code: 'no-frontmatter' }],
      warnings: [
        expect.stringContaining(`the filter in .gitattributes for ${repository.path('WRK-2')} failed`),
      ],
    })
  })
})

test('a claim that is lost while the message is written does not get its work into the commit', async () => {
  const repository = await withClaims()
  expect((await repository.wrk('hooks install')).code).toBe(0)
  repository.append('WRK-2')
  const editor = join(tempFolder(), 'editor')
  const take = 'WRK_SESSION_ID=other wrk claim WRK-2 --force --reason urgent'
  writeFileSync(editor, `#!/bin/sh\n${take} >/dev/null 2>&1\necho "no item in it" >"$1"\n`)
  chmodSync(editor, 0o755)
  const refused = await repository.tryGit('commit -qa', { env: { GIT_EDITOR: editor } })
  expect(refused.stderr).toMatch(
    /Commit refused: (?:this session no longer holds WRK-2|WRK-2 belongs to another)/,
  )
  expect(refused.code).toBe(1)
  expect(await repository.git('rev-list --count HEAD')).toBe('1\n')
  await repository.git('restore --staged .')
  expect((await repository.tryGit('commit -q --allow-empty', { env: { GIT_EDITOR: editor } })).code).toBe(0)
})

/** wrk hooks: real commits in repositories with the hooks in, and repositories as they were once they are out. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { finished, start, tempFolder } from '../support/processes.ts'
import { FIRST, PROGRAM, ROOT, STANDALONE } from '../support/program.ts'
import { gitEnv, IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import {
  claimed,
  commit,
  heads,
  hook,
  hooksOf,
  ran,
  snapshot,
  stateOf,
  withHooks,
  writeHook,
} from './hooks.shared.ts'

describe('with the hooks in, git commit', () => {
  test('goes through for what is free or one’s own, and says nothing', async () => {
    const repository = await withHooks()
    expect((await repository.wrk('claim WRK-2')).code).toBe(0)
    repository.append('WRK-2')
    await repository.git('add -A')
    expect(await commit(repository, 'WRK-2: a line')).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(await heads(repository)).toBe(2)
  })

  test('is refused for the item of another, with -a, by path, amending, and from a folder below', async () => {
    const repository = await withHooks()
    repository.append('WRK-1')
    repository.append('WRK-2')
    const item = repository.path('WRK-1')
    const below = { cwd: join(repository.top, IN_QUEUE, 'done') }
    for (const refused of [
      await commit(repository, 'x', '-a'),
      await commit(repository, 'x', item),
      await commit(repository, 'x', '--amend', '-a'),
      await repository.tryGit(['commit', '-m', 'x', '../pending/WRK-1.md'], below),
    ]) {
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain(`${item}:7:1: this commit changes WRK-1, which is held by other`)
    }
    expect(await heads(repository)).toBe(1)
    // Only what is committed counts: the same change, left out.
    expect((await commit(repository, 'x', repository.path('WRK-2'))).code).toBe(0)
    expect(await heads(repository)).toBe(2)
    // The holder may.
    expect((await repository.tryGit(['commit', '-qam', 'WRK-1: done'], { session: 'other' })).code).toBe(0)
  })

  test('is refused with one command that commits the rest, with -a too', async () => {
    const repository = await withHooks()
    repository.append('WRK-1')
    repository.append('WRK-2')
    repository.write('a file.txt', 'new')
    await repository.git(['add', 'a file.txt'])
    const refused = await commit(repository, 'x', '-a')
    expect(refused.stderr).toMatch(/^wrk: Commit refused: WRK-1 belongs to another session\.$/m)
    const advised = /^ +Commit yours: (git commit -- .*)$/m.exec(refused.stderr)![1]!
    expect(advised).toBe(`git commit -- ${repository.path('WRK-2')} 'a file.txt'`)
    const words = ['commit', '-qm', 'mine', '--', repository.path('WRK-2'), 'a file.txt']
    expect(await repository.tryGit(words)).toMatchObject({ code: 0, stderr: '' })
    expect(await repository.git('status --short -uno')).toBe(` M ${repository.path('WRK-1')}\n`)
  })

  test('is refused for a subject that names the item of another, and goes past with --no-verify', async () => {
    const repository = await withHooks()
    expect(await commit(repository, 'WRK-1: x', '--allow-empty')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/this commit names WRK-1, which is held by other(?!.*without -a)/s),
    })
    const warned = await commit(repository, 'WRK-2: x', '--allow-empty')
    expect(warned).toMatchObject({ code: 0, stderr: expect.stringContaining('which nobody holds') })
    expect((await commit(repository, 'WRK-1: x', '--allow-empty', '--no-verify')).code).toBe(0)
  })

  test('reverts without being asked, unless it leaves the commit to the session', async () => {
    const repository = await withHooks()
    repository.append('WRK-1')
    await repository.commitAll()
    await repository.git('revert --no-edit HEAD')
    expect(await heads(repository)).toBe(3)
    await repository.git('revert -n HEAD')
    const refused = { code: 1, stderr: expect.stringContaining('this commit changes WRK-1') }
    expect(await commit(repository, 'x')).toMatchObject(refused)
  })
})

describe('a hook that was there', () => {
  test('can refuse by itself, with its own code, and then wrk is not asked', async () => {
    const repository = await withHooks()
    await repository.wrk('hooks uninstall')
    writeHook(join(hooksOf(repository), 'pre-commit'), '#!/bin/sh\necho "not on Fridays" >&2\nexit 3\n')
    await repository.wrk('hooks install')
    repository.append('WRK-1')
    expect(await commit(repository, 'x', '-a')).toMatchObject({ code: 1, stderr: 'not on Fridays\n' })
  })

  test('that is not a shell script is run as the program that it is', async () => {
    const repository = await makeRepository()
    const script = "require('fs').writeFileSync('ran', 'a program ' + process.argv.slice(2).length)"
    writeHook(join(hooksOf(repository), 'commit-msg'), `#!${process.execPath}\n${script}\n`)
    await repository.wrk('hooks install')
    expect((await commit(repository, 'x', '--allow-empty')).code).toBe(0)
    expect(ran(repository)).toEqual(['a program 1'])
  })

  test('that git would not run is not run either, and stays as it is', async () => {
    const repository = await makeRepository()
    writeHook(join(hooksOf(repository), 'pre-commit'), hook('never'), 0o644)
    const before = snapshot(hooksOf(repository))
    await repository.wrk('hooks install')
    expect((await commit(repository, 'x', '--allow-empty')).code).toBe(0)
    expect(ran(repository)).toEqual([])
    await repository.wrk('hooks uninstall')
    expect(snapshot(hooksOf(repository))).toEqual(before)
  })

  test('that is a link is moved as a link: nothing is written through it', async () => {
    const repository = await makeRepository()
    const shared = join(tempFolder(), 'shared-hook')
    writeHook(shared, hook('shared'))
    mkdirSync(hooksOf(repository), { recursive: true })
    symlinkSync(shared, join(hooksOf(repository), 'pre-commit'))
    symlinkSync('nowhere', join(hooksOf(repository), 'commit-msg'))
    const before = snapshot(hooksOf(repository))
    await repository.wrk('hooks install')
    expect(readFileSync(shared, 'utf8')).toBe(hook('shared'))
    expect((await commit(repository, 'x', '--allow-empty')).code).toBe(0)
    expect(ran(repository)).toHaveLength(1)
    await repository.wrk('hooks uninstall')
    expect(snapshot(hooksOf(repository))).toEqual(before)
  })
})

describe('uninstall leaves no trace', () => {
  test('of the folder either, where install had to make it', async () => {
    const repository = await makeRepository()
    rmSync(hooksOf(repository), { recursive: true, force: true })
    await repository.git('config core.hooksPath .git/deep/er/hooks')
    await repository.wrk('hooks install')
    expect(stateOf(await repository.wrk('hooks status --json'))).toEqual(['installed', 'installed'])
    expect((await repository.wrk('hooks uninstall --json')).json).toMatchObject({
      ok: true,
      changed: ['pre-commit', 'commit-msg'],
    })
    expect(existsSync(join(repository.top, '.git', 'deep'))).toBe(false)
  })

  test('and leaves a folder that was empty', async () => {
    const repository = await makeRepository()
    rmSync(hooksOf(repository), { recursive: true, force: true })
    mkdirSync(hooksOf(repository))
    await repository.wrk('hooks install')
    await repository.wrk('hooks uninstall')
    expect(snapshot(hooksOf(repository))).toEqual({})
  })

  test('after an install that was killed between its two steps', async () => {
    const repository = await makeRepository()
    writeHook(join(hooksOf(repository), 'pre-commit'), hook('one'))
    const before = snapshot(hooksOf(repository))
    const path = join(hooksOf(repository), 'pre-commit')
    renameSync(path, `${path}.before-wrk`)
    await repository.wrk('hooks uninstall')
    expect(snapshot(hooksOf(repository))).toEqual(before)
    renameSync(path, `${path}.before-wrk`)
    await repository.wrk('hooks install')
    expect((await commit(repository, 'x', '--allow-empty')).code).toBe(0)
    expect(ran(repository)).toHaveLength(1)
  })
})

describe('core.hooksPath is respected', () => {
  test('relative to the top, from a folder below', async () => {
    const repository = await makeRepository()
    await repository.git('config core.hooksPath tools/hooks')
    const before = snapshot(hooksOf(repository))
    const cwd = join(repository.top, IN_QUEUE)
    expect((await repository.wrk('hooks install --json', { cwd })).json.hooks_path).toBe(
      join(repository.top, 'tools/hooks'),
    )
    expect(snapshot(hooksOf(repository))).toEqual(before)
    await claimed(repository)
    expect((await commit(repository, 'WRK-1: x', '--allow-empty')).code).toBe(1)
    await repository.wrk('hooks uninstall', { cwd })
    expect(existsSync(join(repository.top, 'tools'))).toBe(false)
  })

  test('a folder like husky’s: what its hooks find by their own name is found', async () => {
    const repository = await makeRepository()
    const folder = join(repository.top, '.husky', '_')
    // As husky 9 makes them: each hook sources `h`, which runs the file of its name in the folder above.
    const h =
      '#!/usr/bin/env sh\nn=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\nexit $?\n'
    writeHook(join(folder, 'h'), h, 0o644)
    for (const name of ['pre-commit', 'commit-msg']) {
      writeHook(join(folder, name), '#!/usr/bin/env sh\n. "$(dirname "$0")/h"')
      writeFileSync(join(repository.top, '.husky', name), `echo "husky ${name} $#" >>ran\n`)
    }
    await repository.git('config core.hooksPath .husky/_')
    const before = snapshot(folder)
    await repository.wrk('hooks install')
    expect((await commit(repository, 'x', '--allow-empty')).code).toBe(0)
    expect(ran(repository)).toEqual(['husky pre-commit 0', 'husky commit-msg 1'])
    await claimed(repository)
    expect((await commit(repository, 'WRK-1: x', '--allow-empty')).code).toBe(1)
    await repository.wrk('hooks uninstall')
    expect(snapshot(folder)).toEqual(before)
  })

  test('one that is set for all repositories is warned about', async () => {
    const repository = await makeRepository()
    const home = tempFolder()
    const config = join(home, 'config')
    writeFileSync(config, `[core]\n\thooksPath = ${home}/hooks\n`)
    const result = await repository.wrk('hooks install', { env: { GIT_CONFIG_GLOBAL: config } })
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining('for all repositories') })
    expect(existsSync(join(home, 'hooks', 'pre-commit'))).toBe(true)
  })
})

describe('status', () => {
  test('shows what is installed, with 0 only when both are there and up to date', async () => {
    const repository = await makeRepository()
    const status = () => repository.wrk('hooks status --json')
    expect(await status()).toMatchObject({ code: 1, json: { ok: false, error: { code: 'FAILED' } } })
    await repository.wrk('hooks install')
    expect(await status()).toMatchObject({ code: 0, json: { ok: true, hooks_path: hooksOf(repository) } })
    expect((await repository.wrk('hooks status')).stdout).toContain(
      `${hooksOf(repository)}\n  pre-commit  installed\n  commit-msg  installed\n  merge driver  installed`,
    )

    writeHook(join(hooksOf(repository), 'pre-commit'), hook('foreign'))
    rmSync(join(hooksOf(repository), 'commit-msg'))
    expect(stateOf(await status())).toEqual(['foreign', 'none'])
    await repository.wrk('hooks install')
    chmodSync(join(hooksOf(repository), 'commit-msg'), 0o644)
    expect(stateOf(await status())).toEqual(['installed', 'outdated'])
    await repository.wrk('hooks install')
    expect((await status()).code).toBe(0)
  })

  test('a hook that wrk did not write as it is stays: neither replaced nor removed', async () => {
    const repository = await withHooks()
    const path = join(hooksOf(repository), 'pre-commit')
    writeFileSync(path, `${readFileSync(path, 'utf8')}echo mine\n`)
    const before = snapshot(hooksOf(repository))
    const status = await repository.wrk('hooks status --json')
    expect(stateOf(status)).toEqual(['edited', 'installed'])
    const install = await repository.wrk('hooks install')
    expect(install).toMatchObject({ code: 1, stderr: expect.stringContaining('was edited') })
    // An install would refuse, so that the status does not advise it alone.
    expect(status.json.error.hint).toMatch(/^Move the additions to .*pre-commit\.before-wrk/)
    expect(install.stderr).toContain(status.json.error.hint)
    expect(snapshot(hooksOf(repository))).toEqual(before)
    const uninstall = await repository.wrk('hooks uninstall --json')
    expect(uninstall).toMatchObject({ code: 1, json: { left: ['pre-commit'], changed: ['commit-msg'] } })
    expect(readFileSync(path, 'utf8')).toContain('echo mine')
  })

  test('two hooks to keep are for a person to sort out', async () => {
    const repository = await makeRepository()
    const path = join(hooksOf(repository), 'pre-commit')
    writeHook(path, hook('one'))
    await repository.wrk('hooks install')
    writeHook(path, hook('a manager wrote'))
    const before = snapshot(hooksOf(repository))
    const install = await repository.wrk('hooks install')
    expect(install).toMatchObject({ code: 1, stderr: expect.stringContaining('two earlier hooks') })
    expect(snapshot(hooksOf(repository))).toEqual(before)
    expect((await repository.wrk('hooks uninstall --json')).json.changed).toEqual(['commit-msg'])
  })

  test('outside of a repository there is nothing to put hooks into', async () => {
    const repository = await makeRepository()
    const result = await repository.wrk('hooks install --json', { cwd: tempFolder() })
    expect(result).toMatchObject({ code: 1, json: { error: { code: 'NOT_FOUND' } } })
  })
})

test('husky overwrites wrk’s hooks: status warns, and install puts them back', async () => {
  const repository = await withHooks()
  const module = pathToFileURL(join(ROOT, 'node_modules', 'husky', 'index.js')).href
  const husky = async () => {
    const args = ['-e', `import('${module}').then(({ default: husky }) => husky())`]
    const done = await finished(start(process.execPath, args, { cwd: repository.top, env: gitEnv({}) }))
    expect(done).toMatchObject({ code: 0, stderr: '' })
  }
  for (const state of ['foreign', 'overwritten']) {
    await husky()
    const status = await repository.wrk('hooks status --json')
    expect([status.code, status.json.gone, stateOf(status)]).toEqual([1, true, [state, state]])
    expect(status.stderr).toContain('commits are not checked')
    expect((await repository.wrk('hooks install')).code).toBe(0)
    repository.append('WRK-1')
    expect((await commit(repository, 'x', '-a')).code).toBe(1)
  }
})

describe('hooks that were installed', () => {
  test('and were deleted, or git looks elsewhere now, are missed; those that were uninstalled are not', async () => {
    const repository = await withHooks()
    const doctorSays = async () =>
      (await repository.wrk('doctor --json')).json.findings
        .filter(({ code }: { code: string }) => code === 'hooks')
        .map(
          ({ severity, fix }: { severity: string; fix: object | null }) =>
            `${severity}${fix ? ', can be fixed' : ''}`,
        )
    expect(await doctorSays()).toEqual([])
    await repository.git('config core.hooksPath hooks')
    expect(await doctorSays()).toEqual(['warning, can be fixed', 'warning, can be fixed'])
    expect((await repository.wrk('hooks status')).stderr).toContain('or git does not find them')
    await repository.git('config --unset core.hooksPath')
    expect(await doctorSays()).toEqual([])
    for (const name of ['pre-commit', 'commit-msg']) rmSync(join(hooksOf(repository), name))
    expect(await doctorSays()).toEqual(['warning, can be fixed', 'warning, can be fixed'])
    expect((await repository.wrk('doctor --fix')).code).toBe(0)
    expect(await doctorSays()).toEqual([])
    expect((await repository.wrk('hooks uninstall')).code).toBe(0)
    expect(await doctorSays()).toEqual(['note'])
  })
})

describe('with --queue', () => {
  test('the hooks of that queue’s repository are meant, and a folder that is not a queue is refused', async () => {
    const repository = await makeRepository()
    const cwd = tempFolder()
    const named = ['hooks', 'install', '--queue', join(repository.top, IN_QUEUE)]
    expect((await repository.wrk(named, { cwd })).code).toBe(0)
    expect(existsSync(join(hooksOf(repository), 'pre-commit'))).toBe(true)
    const other = await makeRepository()
    for (const options of [{}, { env: { WRK_QUEUE: '/nonexistent' } }]) {
      const words = ['hooks', 'install', ...('env' in options ? [] : ['--queue', '/nonexistent'])]
      const refused = await other.wrk(words, options)
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('no queue at /nonexistent') })
      expect(existsSync(join(hooksOf(other), 'pre-commit'))).toBe(false)
    }
  })
})

describe('when wrk is not where it was', () => {
  /** The hooks as they would be had wrk been installed somewhere that is gone now. */
  async function moved(): Promise<Repository> {
    const repository = await withHooks()
    for (const name of ['pre-commit', 'commit-msg']) {
      const path = join(hooksOf(repository), name)
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^script=.*$/m, "script='/gone/wrk.cjs'"))
    }
    return repository
  }
  /** A PATH with git's and the shell's tools and these programs. */
  function pathWith(programs: Record<string, string>): { PATH: string } {
    const bin = tempFolder()
    for (const [name, text] of Object.entries(programs)) writeHook(join(bin, name), text)
    return { PATH: `${bin}:/usr/bin:/bin` }
  }
  const works = `#!/bin/sh\nexec ${[PROGRAM, ...FIRST].map(word => `'${word}'`).join(' ')} "$@"\n`
  const loadTester = '#!/bin/sh\necho "wrk 4.1.0 [epoll] Copyright (C) 2012 Will Glozer"\nexit 1\n'
  const attempt = (repository: Repository, env: { PATH: string }) =>
    repository.tryGit(['commit', '-qm', 'WRK-1: x', '--allow-empty'], { env })

  test('it is found as wrk-cli, as wrk, or in node_modules; the load tester is not asked', async () => {
    const repository = await moved()
    const refused = { code: 1, stderr: expect.stringContaining('held by other') }
    expect(await attempt(repository, pathWith({ 'wrk-cli': works, wrk: loadTester }))).toMatchObject(refused)
    expect(await attempt(repository, pathWith({ wrk: works }))).toMatchObject(refused)
    writeHook(join(repository.top, 'node_modules/.bin/wrk-cli'), works)
    expect(await attempt(repository, pathWith({}))).toMatchObject(refused)
  })

  test('the commit is not made, and the message says why and what to do', async () => {
    const repository = await moved()
    const result = await attempt(repository, pathWith({ wrk: loadTester }))
    expect(result.code).toBe(1)
    for (const output of [
      'could not be checked',
      'wrk is neither at /gone/wrk.cjs nor on the PATH',
      'wrk hooks install',
      'git commit --no-verify',
      "rm '",
    ])
      expect(result.stderr).toContain(output)
    expect(await heads(repository)).toBe(1)
    // What is about no item need not be checked.
    const env = pathWith({})
    repository.write('notes.txt', 'x')
    await repository.git('add notes.txt')
    expect((await repository.tryGit(['commit', '-qm', 'notes'], { env })).code).toBe(0)
    repository.append('WRK-2')
    expect((await repository.tryGit(['commit', '-qam', 'more'], { env })).code).toBe(1)
  })

  test.skipIf(STANDALONE)('and where Node.js is gone, the message says so in place of env’s', async () => {
    const repository = await withHooks()
    const bin = tempFolder()
    for (const name of ['sh', 'git', 'grep', 'cat', 'env', 'dirname', 'basename'])
      symlinkSync(`/usr/bin/${name}`, join(bin, name))
    writeHook(join(repository.top, 'node_modules/.bin/wrk-cli'), '#!/usr/bin/env node\n')
    for (const name of ['pre-commit', 'commit-msg']) {
      const path = join(hooksOf(repository), name)
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^node=.*$/m, "node='/gone/node'"))
    }
    const refused = await attempt(repository, { PATH: bin })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('Node.js, which wrk needs, is neither at /gone/node nor on the PATH')
    expect(refused.stderr).not.toMatch(/env:|not found/)
    // Another Node on the PATH will do.
    symlinkSync(process.execPath, join(bin, 'node'))
    expect((await attempt(repository, { PATH: bin })).stderr).toContain('held by other')
  })
})

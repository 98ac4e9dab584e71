/**
 * Hook managers as people have them: husky from npm, lefthook and pre-commit where they are installed. They put their
 * hooks over wrk's, and write them again whenever they are installed again.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { finished, start, tempFolder } from '../support/processes.ts'
import { ROOT } from '../support/program.ts'
import { gitEnv, makeRepository, type Repository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'
import { claimed, commit, hook, ran, stateOf, writeHook } from './hooks.shared.ts'

interface Manager {
  name: string
  isHere: boolean
  /** What installs its hooks into the repository it is called in. */
  install: readonly string[]
  /** Where git looks for hooks then. */
  folder: string
  /** Settings with a task of its own that leaves a file `managed`, without wrk. */
  own: Record<string, string>
  /** Settings that have it call wrk, as docs/commit-checks.md has them. */
  recipe: Record<string, string>
  /** The file that `hooks status` names then, for each hook. */
  ways: readonly [string, string]
}

const version = (program: string) => spawnSync(program, ['version'], { encoding: 'utf8' }).status === 0

const HUSKY = pathToFileURL(join(ROOT, 'node_modules', 'husky', 'index.js')).href

const MANAGERS: readonly Manager[] = [
  {
    name: 'husky',
    isHere: true,
    install: [
      process.execPath,
      '-e',
      `import('${HUSKY}').then(({ default: husky }) => console.log(husky()))`,
    ],
    folder: '.husky/_',
    own: { '.husky/pre-commit': 'touch managed\n' },
    recipe: {
      '.husky/pre-commit': 'wrk verify --staged --complete\n',
      '.husky/commit-msg': 'wrk verify --commit-msg "$1"\n',
    },
    ways: ['.husky/pre-commit', '.husky/commit-msg'],
  },
  {
    name: 'lefthook',
    isHere: version('lefthook'),
    install: ['lefthook', 'install'],
    folder: '.git/hooks',
    own: { 'lefthook.yml': 'pre-commit:\n  commands:\n    own:\n      run: touch managed\n' },
    recipe: {
      'lefthook.yml': `pre-commit:
  commands:
    wrk:
      run: wrk verify --staged --complete
commit-msg:
  commands:
    wrk:
      run: wrk verify --commit-msg {1}
`,
    },
    ways: ['lefthook.yml', 'lefthook.yml'],
  },
  {
    name: 'pre-commit',
    isHere: spawnSync('pre-commit', ['--version']).status === 0,
    install: ['pre-commit', 'install', '-t', 'pre-commit', '-t', 'commit-msg'],
    folder: '.git/hooks',
    own: {
      '.pre-commit-config.yaml':
        'repos:\n- repo: local\n  hooks:\n  - id: own\n    name: own\n    entry: touch managed\n    language: system\n    always_run: true\n    pass_filenames: false\n',
    },
    recipe: {
      '.pre-commit-config.yaml': `repos:
  - repo: local
    hooks:
      - id: wrk-verify
        name: wrk
        entry: wrk verify --staged
        language: system
        always_run: true
        pass_filenames: false
      - id: wrk-commit-msg
        name: wrk
        entry: wrk verify --commit-msg
        language: system
        stages: [commit-msg]
`,
    },
    ways: ['.pre-commit-config.yaml', '.pre-commit-config.yaml'],
  },
]

/** A repository with these files and WRK-1 held by `other`. */
async function repositoryWith(files: Record<string, string>): Promise<Repository> {
  const repository = await makeRepository()
  for (const [name, text] of Object.entries(files)) repository.write(name, text)
  await repository.commitAll()
  await claimed(repository)
  return repository
}

/** Installs the manager's hooks, as its users do. It must say that it did. */
async function install(manager: Manager, repository: Repository): Promise<void> {
  const [program, ...args] = manager.install
  const env = gitEnv({ PRE_COMMIT_HOME: tempFolder() })
  const done = await finished(start(program!, args, { cwd: repository.top, env }))
  expect([manager.name, done.code, done.stdout + done.stderr]).toEqual([
    manager.name,
    0,
    expect.not.stringMatching(/error/i),
  ])
}

/** Tries to commit the item of another, and then a file of one's own. */
async function commits(
  repository: Repository,
): Promise<{ others: number | null; own: number | null; managed: boolean }> {
  await repository.git('clean -qf managed')
  const env = { PRE_COMMIT_HOME: tempFolder() }
  repository.append('WRK-1')
  await repository.git('add -A')
  const others = await repository.tryGit(['commit', '-qm', 'x'], { env })
  await repository.git('reset -q')
  await repository.git(['checkout', '-q', '--', repository.path('WRK-1')])
  repository.write('own.txt', String(Math.random()))
  await repository.git('add own.txt')
  const own = await repository.tryGit(['commit', '-qm', 'x'], { env })
  return { others: others.code, own: own.code, managed: existsSync(join(repository.top, 'managed')) }
}

const CHECKED = { others: 1, own: 0, managed: true }

const warningsOf = async (repository: Repository) =>
  (await repository.wrk('doctor --json')).json.findings.filter(
    ({ code, severity }: Json) => code === 'hooks' && severity === 'warning',
  )

/** Names of hooks that are wrk's, or that wrk or a manager has put aside. */
const leftOfWrk = (folder: string) =>
  readdirSync(folder).filter(
    name =>
      /before-wrk|\.old$|\.legacy$/.test(name) ||
      readFileSync(join(folder, name), 'utf8').includes('# wrk hook'),
  )

for (const manager of MANAGERS)
  if (!manager.isHere) console.warn(`SKIPPED: tests with ${manager.name}, which is not installed`)

describe.each(MANAGERS)('$name', manager => {
  const on = test.skipIf(!manager.isHere)

  on(
    'installed after wrk and again and again: wrk hooks install heals, and what is missing is said',
    async () => {
      const repository = await repositoryWith(manager.own)
      expect((await repository.wrk('hooks install')).code).toBe(0)
      for (let i = 0; i < 3; i++) {
        await install(manager, repository)
        const status = await repository.wrk('hooks status --json')
        // Git reaches wrk all the same, or a message says that it does not.
        if (status.code === 0) expect(await commits(repository)).toEqual(CHECKED)
        else {
          expect(status.json).toMatchObject({
            gone: true,
            error: { hint: expect.stringContaining('wrk hooks install') },
          })
          expect(status.stderr).toContain('commits are not checked')
          expect(await warningsOf(repository)).not.toEqual([])
          const heal = i === 1 ? 'doctor --fix' : 'hooks install'
          expect((await repository.wrk(heal)).stderr).not.toContain('two hooks to keep')
        }
        expect((await repository.wrk('hooks status --json')).json).toMatchObject({ ok: true, gone: false })
        expect(await warningsOf(repository)).toEqual([])
        expect(await commits(repository)).toEqual(CHECKED)
      }
      expect((await repository.wrk('hooks uninstall')).code).toBe(0)
      expect(leftOfWrk(join(repository.top, manager.folder))).toEqual([])
      expect(await commits(repository)).toEqual({ ...CHECKED, others: 0 })
      await install(manager, repository)
    },
  )

  on(
    'installed before wrk: its hooks run first, again and again, and uninstall leaves them alone',
    async () => {
      const repository = await repositoryWith(manager.own)
      await install(manager, repository)
      for (let i = 0; i < 2; i++) {
        expect((await repository.wrk('hooks install')).code).toBe(0)
        expect(await commits(repository)).toEqual(CHECKED)
        await install(manager, repository)
      }
      expect((await repository.wrk('hooks install')).code).toBe(0)
      expect(await commits(repository)).toEqual(CHECKED)
      expect((await repository.wrk('hooks uninstall')).code).toBe(0)
      expect(leftOfWrk(join(repository.top, manager.folder))).toEqual([])
      expect(await commits(repository)).toEqual({ ...CHECKED, others: 0 })
    },
  )

  on(
    'that calls wrk itself, as docs/commit-checks.md says: it works, is named, and nothing is put in beside it',
    async () => {
      const page = readFileSync(join(ROOT, 'docs', 'commit-checks.md'), 'utf8')
      for (const text of Object.values(manager.recipe)) expect(page).toContain(text)
      const silent = Object.entries(manager.recipe).map(([name, text]) => [
        name,
        text.replaceAll('wrk verify', 'true'),
      ])
      const repository = await repositoryWith(Object.fromEntries(silent))
      await install(manager, repository)
      expect((await repository.wrk('hooks status --json')).code).toBe(1)
      for (const [name, text] of Object.entries(manager.recipe)) repository.write(name, text)
      // pre-commit refuses to run by settings that are not staged.
      await repository.commitAll()
      const ways = manager.ways.map(way => ({ state: 'foreign', via: join(repository.top, way) }))
      expect((await repository.wrk('hooks status --json')).json.hooks).toMatchObject(ways)
      // What is left to install is the merge driver.
      const installed = await repository.wrk('hooks install --json')
      expect(installed.json).toMatchObject({ ok: true, hooks: ways })
      expect((await repository.wrk('hooks status --json')).json).toMatchObject({ ok: true, hooks: ways })
      expect(leftOfWrk(join(repository.top, manager.folder))).toEqual([])
      expect(await commits(repository)).toEqual({ ...CHECKED, managed: false })
      const named = await commit(repository, 'WRK-1: by somebody else', '--allow-empty')
      expect([named.code, named.stderr + named.stdout]).toEqual([1, expect.stringContaining('WRK-1')])
    },
  )
})

const [, , PRE_COMMIT] = MANAGERS as [Manager, Manager, Manager]

test.skipIf(!PRE_COMMIT.isHere)(
  'a hook that was there before wrk still runs when pre-commit moves wrk’s aside',
  async () => {
    const repository = await repositoryWith(PRE_COMMIT.own)
    const path = join(repository.top, '.git', 'hooks', 'pre-commit')
    writeHook(path, hook('mine'))
    const mine = readFileSync(path, 'utf8')
    expect((await repository.wrk('hooks install')).code).toBe(0)
    await install(PRE_COMMIT, repository)
    expect(stateOf(await repository.wrk('hooks status --json'))).toEqual(['foreign', 'foreign'])
    expect(await commits(repository)).toEqual(CHECKED)
    expect(ran(repository).filter(line => line.startsWith('ran mine')).length).toBeGreaterThan(0)
    expect((await repository.wrk('hooks uninstall')).code).toBe(0)
    expect(readFileSync(`${path}.legacy`, 'utf8')).toBe(mine)
    expect(await commits(repository)).toEqual({ ...CHECKED, others: 0 })
    expect(
      execFileSync('git', ['status', '--short', '--', '.claude'], { cwd: repository.top, encoding: 'utf8' }),
    ).toBe('')
  },
)

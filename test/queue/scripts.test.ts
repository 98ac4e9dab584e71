/** The shell scripts of a workspace, in real bash with the built command: what wrk init --scripts puts there. */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, WRK } from '../support/program.ts'
import { run } from '../support/run.ts'
import { EACH_FUNCTION, FILES, GUARDS, stampedSnapshot, templateOf, Workspace } from './scripts.shared.ts'

const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8)

describe('wrk init --scripts', () => {
  test('puts the scripts and the page into the workspace; they run at once', async () => {
    const space = new Workspace({ 'WRK-1': item('WRK-1') }, false)
    const { code, json, stderr } = await run('init --scripts --json', { cwd: space.root })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(json.scripts).toEqual({ workspace: space.root, created: [...FILES], kept: [], different: [] })
    for (const name of FILES)
      expect(readFileSync(join(space.root, name))).toEqual(readFileSync(templateOf(name)))
    expect(FILES.map(name => modeOf(join(space.root, name)))).toEqual(['755', '755', '644', '644'])
    expect(readdirSync(join(space.root, 'scripts', 'agents')).sort()).toEqual([
      'execute.sh',
      'lib',
      'review.sh',
      'workflow-visual.html',
    ])
    expect((await space.bash('claim_wrk WRK-1')).code).toBe(0)
  })

  test('without the flag no script is put anywhere', async () => {
    const space = new Workspace({}, false)
    const { json } = await run('init --json', { cwd: space.root })
    expect(json).not.toHaveProperty('scripts')
    expect(existsSync(join(space.root, 'scripts'))).toBe(false)
  })

  test('a second time it changes nothing and says so', async () => {
    const space = new Workspace({}, false)
    await run('init --scripts', { cwd: space.root })
    const before = stampedSnapshot(space.root)
    const { json } = await run('init --scripts --json', { cwd: space.root })
    expect(json).toMatchObject({ created: [], scripts: { created: [], kept: [...FILES], different: [] } })
    const { stdout } = await run('init --scripts', { cwd: space.root })
    expect(stdout).toContain(`unchanged: ${FILES[0]}\n`)
    expect(stampedSnapshot(space.root)).toEqual(before)
  })

  test('a file with other content stays, is named, and the others are made', async () => {
    const space = new Workspace({}, false)
    const ours = join(space.root, FILES[0])
    mkdirSync(dirname(ours), { recursive: true })
    writeFileSync(ours, 'ours\n', { mode: 0o600 })
    writeFileSync(join(dirname(ours), 'other.sh'), 'other\n')
    const before = stampedSnapshot(dirname(ours))
    const result = await run('init --scripts --json', { cwd: space.root })
    expect(result.code).toBe(0)
    expect(result.json.scripts).toMatchObject({ created: FILES.slice(1), different: [FILES[0]] })
    expect(result.stderr).toBe(
      `wrk: warning: ${FILES[0]} differs from that of this version and is not changed\n`,
    )
    expect(stampedSnapshot(dirname(ours))).toMatchObject(before)
    expect((await run('init --scripts', { cwd: space.root })).stdout).toContain(
      `kept ${FILES[0]}, which differs`,
    )
  })

  test('links in the way are not followed', async () => {
    const space = new Workspace({}, false)
    const outside = tempFolder()
    mkdirSync(join(space.root, 'scripts', 'agents'), { recursive: true })
    symlinkSync(join(outside, 'nowhere'), join(space.root, FILES[0]))
    copyFileSync(templateOf(FILES[1]), join(outside, 'review.sh'))
    symlinkSync(join(outside, 'review.sh'), join(space.root, FILES[1]))
    const { json } = await run('init --scripts --json', { cwd: space.root })
    expect(json.scripts).toMatchObject({ created: FILES.slice(2), different: FILES.slice(0, 2) })
    expect(readdirSync(outside)).toEqual(['review.sh'])

    rmSync(join(space.root, 'scripts'), { recursive: true })
    symlinkSync(outside, join(space.root, 'scripts'))
    const refused = await run('init --scripts', { cwd: space.root })
    expect(refused.code).toBe(74)
    expect(refused.stderr).toContain(`${join(space.root, 'scripts')} is a link`)
    expect(readdirSync(outside)).toEqual(['review.sh'])
  })

  test('the workspace of a queue in a folder of its own is the folder around it', async () => {
    const folder = tempFolder()
    const { json } = await run(['init', '--scripts', '--json', join(folder, 'my-queue')])
    expect(json.scripts.workspace).toBe(folder)
    for (const name of FILES) expect(existsSync(join(folder, name))).toBe(true)
  })
})

describe('starts of wrk', () => {
  test('sourcing costs none, sourcing and claiming one, reading none', async () => {
    const space = new Workspace({ 'WRK-157': item('WRK-157', { plan_approved: 'true' }) })
    const env = space.counting()
    await space.bash(':', { env })
    expect(space.startsNoted()).toBe(0)
    expect((await space.bash('claim_wrk WRK-157', { env })).code).toBe(0)
    expect(space.startsNoted()).toBe(1)
    const reading = await space.bash(
      `file="$(resolve_wrk_file WRK-157)"
wrk_get_frontmatter_value "$file" title >/dev/null
assert_provider claude
assert_plan_approved_or_fail WRK-157
ensure_session_store
session_get session_id
session_now_iso >/dev/null`,
      { env },
    )
    expect(reading).toMatchObject({ code: 0, stdout: 'tester\n', stderr: '' })
    expect(space.startsNoted()).toBe(1)
    expect((await space.bash('session_record_stage WRK-157 implement_tdd', { env })).code).toBe(0)
    expect(space.startsNoted()).toBe(2)
  })

  test('the session store is made by one start, and only where there is none', async () => {
    const space = new Workspace()
    const env = space.counting()
    const { code, stdout } = await space.bash(
      'ensure_session_store; ensure_session_store; session_get handoff_allowed',
      {
        env,
        session: null,
      },
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'false\n' })
    expect(space.startsNoted()).toBe(1)
  })
})

test('a status that a script sets is written in place: the script goes on with the same file', async () => {
  const space = new Workspace({ 'WRK-1': item('WRK-1') })
  const { code, stdout, stderr } = await space.bash(`file="$(resolve_wrk_file 1)"
claim_wrk 1 >/dev/null
wrk_set_frontmatter_value "$file" status working
wrk_set_frontmatter_value "$file" priorty high
wrk_set_frontmatter_value "$file" status done
wrk_get_frontmatter_value "$file" status
wrk_get_frontmatter_value "$file" completed_at
mv "$file" "$Q/done/"
release_wrk 1 >/dev/null`)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^done\n\d{4}-\d\d-\d\dT[\d:]{8}Z\n$/)
  expect(stderr).toMatch(/^(wrk: warning: WRK-1 is in pending\/, which .*\n){2}$/)
  expect(space.read('done/WRK-1.md')).toContain('\nlocked_by: ""\n')
})

describe('the shell around', () => {
  test('keeps its variables, options and folder, also when it sources twice', async () => {
    const space = new Workspace({ 'WRK-157': item('WRK-157') })
    const state = `{ set -o; shopt; pwd; trap; compgen -v | grep -vxE 'BASH_.*|PIPESTATUS|_|before|after|file|LINENO|RANDOM|SECONDS|FUNCNAME'; }`
    const { code, stdout } = await space.bash(
      `after="$(${state})"
source "$LIB"
${EACH_FUNCTION}[[ "$after" == "$(${state})" ]] && echo same
diff <(echo "$before") <(echo "$after") | grep '^[<>]' || :`,
      { before: `set -euo pipefail\nbefore="$(${state})"` },
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'same\n> WORK_ITEM_ROOT\n> WS_HUB\n' })
  })

  test('may be anywhere and source by a relative path; the workspace is the script’s', async () => {
    const space = new Workspace({ 'WRK-1': item('WRK-1') })
    const other = new Workspace({ 'WRK-1': item('WRK-1') })
    const lib = join(space.root, 'scripts', 'agents', 'lib')
    const { code, stdout } = await space.bash(
      'cd /; claim_wrk 1 >/dev/null; resolve_wrk_file 1; echo "$WS_HUB"',
      { cwd: lib, env: { LIB: './workflow-guards.sh' } },
    )
    expect(code).toBe(0)
    expect(stdout).toBe(`${space.path('WRK-1')}\n${space.root}\n`)
    const elsewhere = await space.bash('claim_wrk 1 >/dev/null; resolve_wrk_file 1', { cwd: other.root })
    expect(elsewhere.stdout).toBe(`${space.path('WRK-1')}\n`)
    expect(other.read('WRK-1')).toBe(item('WRK-1'))
    // Named, exported or not, another queue goes before it.
    const named = await space.bash('WRK_QUEUE="$OTHER"; claim_wrk 1 >/dev/null; resolve_wrk_file 1', {
      env: { OTHER: other.queue },
    })
    expect(named.stdout).toBe(`${other.path('WRK-1')}\n`)
    expect(other.read('WRK-1')).toContain('locked_by: "tester"')
  })

  test('in a workspace without a queue the nearest one above is used, or a message says that there is none', async () => {
    const space = new Workspace({ 'WRK-1': item('WRK-1') })
    const bare = join(tempFolder(), 'bare')
    cpSync(join(space.root, 'scripts'), join(bare, 'scripts'), { recursive: true })
    const env = { LIB: join(bare, GUARDS) }
    mkdirSync(join(space.root, 'src', 'deep'), { recursive: true })
    const above = await space.bash('resolve_wrk_file 1; claim_wrk 1', {
      cwd: join(space.root, 'src', 'deep'),
      env,
    })
    expect(above.code).toBe(0)
    expect(above.stdout).toMatch(/^.*pending\/WRK-1.md\nClaimed WRK-1 /)
    const none = await space.bash(
      'claim_wrk 1 || echo $?; resolve_wrk_file 1 || echo $?; session_get x || echo $?',
      {
        cwd: bare,
        env,
      },
    )
    expect(none.stdout).toBe('1\n1\n1\n')
    expect(none.stderr).toContain('no queue here')
  })

  test('in a linked worktree it uses the main queue, unless wrk.yaml says own', async () => {
    const space = new Workspace({ 'WRK-1': item('WRK-1'), 'wrk.yaml': 'worktrees: shared\n' })
    const git = (...args: string[]) => {
      const done = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
        cwd: space.root,
        env: cleanEnv(space.home, { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }),
        encoding: 'utf8',
      })
      if (done.status !== 0) throw new Error(done.stderr)
    }
    git('init', '-q', '-b', 'main')
    git('add', '-A')
    git('commit', '-qm', 'all')
    const linked = join(space.home, 'linked tree')
    git('worktree', 'add', '-q', '-b', 'other', linked)
    const env = { LIB: join(linked, GUARDS) }
    const commands = 'resolve_wrk_file 1; claim_wrk 1 >/dev/null; echo "$WORK_ITEM_ROOT"'
    const shared = await space.bash(commands, { env })
    expect(shared.stdout).toBe(`${space.path('WRK-1')}\n${space.queue}\n`)
    expect(space.read('WRK-1')).toContain('locked_by: "tester"')
    const own = join(linked, '.claude', 'work-queue')
    writeFileSync(join(own, 'wrk.yaml'), 'worktrees: own\n')
    expect((await space.bash(commands, { env })).stdout).toBe(`${join(own, 'pending', 'WRK-1.md')}\n${own}\n`)
  })

  test('may lack wrk: 127 with what to do; a compiled program of that name is not started', async () => {
    const space = new Workspace({ 'WRK-1': item('WRK-1') })
    const bin = join(space.home, 'other bin')
    mkdirSync(bin)
    for (const name of ['dirname', 'awk', 'date', 'env']) symlinkSync(`/usr/bin/${name}`, join(bin, name))
    symlinkSync(process.execPath, join(bin, 'node'))
    const env = { PATH: bin }
    const missing = await space.bash('resolve_wrk_file 1; claim_wrk 1', { env })
    expect(missing).toMatchObject({ code: 127, stdout: `${space.path('WRK-1')}\n` })
    expect(missing.stderr).toBe(
      'wrk: wrk is not installed here\n     Install it (npm install -g . in its checkout), or set WRK_BIN to where it is.\n',
    )
    expect(
      (await space.script('execute', ['WRK-1', '--', 'true'], { env: { PATH: `${bin}:/bin` } })).code,
    ).toBe(127)

    copyFileSync('/bin/true', join(bin, 'wrk'))
    const foreign = await space.bash('release_wrk 1', { env })
    expect(foreign.code).toBe(127)
    expect(foreign.stderr).toContain(`${join(bin, 'wrk')} is not this wrk`)
    symlinkSync(WRK, join(bin, 'wrk-cli'))
    expect((await space.bash('claim_wrk 1', { env })).code).toBe(0)

    const named = await space.bash('claim_wrk 1', { env: { ...env, WRK_BIN: '/nowhere/wrk' } })
    expect(named).toMatchObject({ code: 127, stderr: 'wrk: WRK_BIN is no program: /nowhere/wrk\n' })
  })

  test('may be another: a message says that this is for bash', context => {
    const { status, stderr } = spawnSync('/bin/sh', ['-c', `. '${templateOf(GUARDS)}'`], { encoding: 'utf8' })
    context.skip(stderr === '', 'sh is bash here')
    expect(status).toBe(2)
    expect(stderr).toContain('needs bash')
  })
})

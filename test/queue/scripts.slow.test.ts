/** The rest of scripts.test.ts: what takes too long for every run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AGENTS } from '../../src/core/sessions/session.ts'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'
import { run } from '../support/run.ts'
import { EACH_FUNCTION, FILES, GUARDS, templateOf, Workspace } from './scripts.shared.ts'

describe('resolve_wrk_file', () => {
  const ITEMS = {
    'pending/WRK-1.md': 'x',
    'working/WRK-0042.md': 'x',
    'done/WRK-139-gmsh é.md': 'x',
    'archive/2026-02/WRK-77.md': 'x',
    'archive/WRK-78.md': 'x',
    'archived/WRK-79.md': 'x',
    'blocked/workspace-hub-1311.md': 'x',
    'WRK-5.md': 'x',
    'notes/WRK-6.md': 'x',
    'archive/notes/WRK-7.md': 'x',
    'pending/WRK-8.txt': 'x',
    'pending/WRK-9x.md': 'x',
    'pending/XWRK-11.md': 'x',
  }

  test.each([
    ['WRK-1', 'pending/WRK-1.md'],
    ['1', 'pending/WRK-1.md'],
    ['wrk-0001', 'pending/WRK-1.md'],
    ['WRK-1.md', 'pending/WRK-1.md'],
    ['WRK-42', 'working/WRK-0042.md'],
    ['139', 'done/WRK-139-gmsh é.md'],
    ['WRK-77', 'archive/2026-02/WRK-77.md'],
    ['WRK-78', 'archive/WRK-78.md'],
    ['79', 'archived/WRK-79.md'],
    ['workspace-hub#1311', 'blocked/workspace-hub-1311.md'],
    ['Workspace-Hub-1311', 'blocked/workspace-hub-1311.md'],
    ['WRK-5', 'WRK-5.md'],
    ['WRK-6', null],
    ['WRK-7', null],
    ['WRK-8', null],
    ['WRK-9', null],
    ['WRK-11', null],
    ['1311', null],
    ['WRK-13', null],
  ])('%s is %s, as wrk has it', async (id, place) => {
    const space = new Workspace(ITEMS)
    const { code, stdout, stderr } = await space.bash('resolve_wrk_file "$ID"', { env: { ID: id } })
    const found = await run(['show', id, '--json'], { cwd: space.root })
    if (place) {
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${space.path(place)}\n`, stderr: '' })
      expect(found.json.item.path).toBe(space.path(place))
    } else {
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: '',
        stderr: `wrk: no item ${id} in ${space.queue}\n`,
      })
      expect(found.code).toBe(1)
    }
  })
})

describe('gates', () => {
  test('providers are those that wrk execute knows', async () => {
    const space = new Workspace({
      'WRK-1': item('WRK-1', { plan_approved: 'true' }),
      'wrk.yaml': `providers:
  mine: [run, "{file}"]   # ours
  'quoted':
    execute: [run, "{file}"]
ttl: 2h
gates:
  plan_reviewed: [complex]
`,
    })
    mkdirSync(join(space.root, 'scripts', 'agents', 'providers'))
    writeFileSync(join(space.root, 'scripts', 'agents', 'providers', 'other.sh'), '#!/bin/sh\n')
    const names = [...AGENTS, 'mine', 'quoted', 'other']
    const wrong = [
      '',
      'nobody',
      'execute',
      'ttl',
      'gates',
      'plan_reviewed',
      'Claude',
      '../other',
      'min',
      'mine:',
      'a b',
      '.*',
    ]
    const all = [...names, ...wrong]
    const { stdout } = await space.bash(
      `${all.map(name => `(assert_provider '${name}' 2>/dev/null) && echo 0 || echo $?`).join('\n')}`,
    )
    const codes = stdout.trim().split('\n')
    expect(Object.fromEntries(all.map((name, i) => [name, codes[i]]))).toEqual(
      Object.fromEntries(all.map(name => [name, names.includes(name) ? '0' : '2'])),
    )
    for (const name of ['mine', 'quoted', 'other', 'execute', 'plan_reviewed']) {
      const { stderr } = await space.script('execute', ['WRK-1', '--provider', name, '--', 'true'])
      expect([name, stderr.includes('unknown provider')]).toEqual([name, wrong.includes(name)])
    }
    const flow = new Workspace({ 'wrk.yaml': 'providers: { mine: [run, "{file}"], other: [x] }\nttl: 2h\n' })
    expect((await flow.bash('assert_provider mine; assert_provider other')).code).toBe(0)
    const refused = await flow.bash('assert_provider run')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/^wrk: unknown provider: "run"\n {5}Known are claude/)
  })
})

describe('the shell around', () => {
  test.each([
    ['CDPATH', 'set -euo pipefail; export CDPATH="$W:/tmp:/"'],
    [
      'a cd of its own',
      'set -euo pipefail; cd() { echo "no cd" >&2; return 1; }; pwd() { builtin pwd "$@"; }',
    ],
    ['an alias for cd', 'shopt -s expand_aliases; alias cd="false"; set -euo pipefail'],
    ['IFS', 'set -euo pipefail; IFS=/-W1'],
    ['no globs', 'set -euofo pipefail noglob'],
    ['options of globs', 'set -euo pipefail; shopt -s failglob nocaseglob dotglob extglob; GLOBIGNORE="*"'],
    ['nocasematch', 'set -euo pipefail; shopt -s nocasematch nullglob'],
    ['no brace expansion', 'set -euo pipefail; set +B'],
    ['posix mode', 'set -euo pipefail; set -o posix'],
    ['another language', 'set -euo pipefail; export LC_ALL=C.UTF-8 LANG=C'],
    ['ERR traps in functions', 'set -Eeuo pipefail; trap "echo trapped >&2" ERR'],
  ])('may have %s', async (_, before) => {
    const space = new Workspace({ 'WRK-157': item('WRK-157') })
    const { code, stdout, stderr } = await space.bash(`${EACH_FUNCTION}echo end`, { before })
    expect({ code, stdout, stderr: stderr.replaceAll('trapped\n', '') }).toEqual({
      code: 0,
      stdout: 'end\n',
      stderr: '',
    })
  })
})

describe('wrk init --scripts', () => {
  test('an installed package has them too, whatever the working directory', async () => {
    const app = tempFolder()
    const env = cleanEnv(app)
    const call = (program: string, args: string[], cwd: string) => {
      const { status, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
      if (status !== 0) throw new Error(`${program}: ${stderr}`)
    }
    call('npm', ['pack', '--ignore-scripts', '--silent', '--offline', '--pack-destination', app], ROOT)
    const installed = join(app, 'node_modules', 'wrk-cli')
    mkdirSync(installed, { recursive: true })
    const tarball = readdirSync(app).find(name => name.endsWith('.tgz'))!
    call('tar', ['-xzf', join(app, tarball), '--strip-components=1', '-C', installed], app)
    for (const name of ['commander', 'gray-matter', 'write-file-atomic', 'yaml'])
      symlinkSync(join(ROOT, 'node_modules', name), join(app, 'node_modules', name))
    mkdirSync(join(app, 'node_modules', '.bin'))
    symlinkSync('../wrk-cli/dist/wrk.cjs', join(app, 'node_modules', '.bin', 'wrk-cli'))

    const cwd = tempFolder()
    call(join(installed, 'dist', 'wrk.cjs'), ['init', '--scripts', join(app, '.claude', 'work-queue')], cwd)
    for (const name of FILES)
      expect(readFileSync(join(app, name), 'utf8')).toBe(readFileSync(templateOf(name), 'utf8'))
    expect((statSync(join(app, FILES[0])).mode & 0o777).toString(8)).toBe('755')

    // And the scripts find a wrk that is installed in the project only.
    writeFileSync(join(app, '.claude', 'work-queue', 'pending', 'WRK-1.md'), item('WRK-1'))
    const path = `${dirname(process.execPath)}:/usr/bin:/bin`
    const claimed = spawnSync(
      '/bin/bash',
      ['-c', `set -euo pipefail; source '${join(app, GUARDS)}'; claim_wrk 1`],
      {
        cwd,
        env: { ...env, PATH: path, WRK_SESSION_ID: 'tester' },
        encoding: 'utf8',
      },
    )
    expect(claimed).toMatchObject({ status: 0, stderr: '' })
    expect(claimed.stdout).toMatch(/^Claimed WRK-1 /)
  })
})

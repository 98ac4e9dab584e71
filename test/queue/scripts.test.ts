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
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ago, HOUR, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, gone, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT, WRK } from '../support/program.ts'
import { run } from '../support/run.ts'
import { FILES, GUARDS, templateOf, Workspace } from './scripts.shared.ts'

/** Every path below a folder with mode and content; the page's and the scripts' times too. */
function snapshot(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map(name => {
      const path = join(folder, name)
      const stat = lstatSync(path, { bigint: true })
      const content = stat.isSymbolicLink()
        ? readlinkSync(path)
        : stat.isFile()
          ? `${stat.mtimeNs} ${readFileSync(path, 'latin1')}`
          : ''
      return [name, `${stat.mode} ${stat.ino} ${content}`]
    }),
  )
}

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
    const before = snapshot(space.root)
    const { json } = await run('init --scripts --json', { cwd: space.root })
    expect(json).toMatchObject({ created: [], scripts: { created: [], kept: [...FILES], different: [] } })
    const { stdout } = await run('init --scripts', { cwd: space.root })
    expect(stdout).toContain(`unchanged: ${FILES[0]}\n`)
    expect(snapshot(space.root)).toEqual(before)
  })

  test('a file with other content stays, is named, and the others are made', async () => {
    const space = new Workspace({}, false)
    const ours = join(space.root, FILES[0])
    mkdirSync(dirname(ours), { recursive: true })
    writeFileSync(ours, 'ours\n', { mode: 0o600 })
    writeFileSync(join(dirname(ours), 'other.sh'), 'other\n')
    const before = snapshot(dirname(ours))
    const result = await run('init --scripts --json', { cwd: space.root })
    expect(result.code).toBe(0)
    expect(result.json.scripts).toMatchObject({ created: FILES.slice(1), different: [FILES[0]] })
    expect(result.stderr).toBe(
      `wrk: warning: ${FILES[0]} differs from that of this version and is not changed\n`,
    )
    expect(snapshot(dirname(ours))).toMatchObject(before)
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

describe('claim_wrk and release_wrk', () => {
  test('claim and release make a round trip, under both pairs of names', async () => {
    const space = new Workspace({ 'WRK-157': item('WRK-157'), 'WRK-2': item('WRK-2') })
    const before = space.read('WRK-157')
    const result = await space.bash(`
claim_wrk WRK-157
grep '^locked_by' "$Q/pending/WRK-157.md"
claim_wrk WRK-157
release_wrk WRK-157
wrk_claim 2
wrk_release WRK-2
release_wrk WRK-2
echo end`)
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(result.stdout).toMatch(
      /^Claimed WRK-157 .*\nYours .*\nlocked_by: "tester"\nRenewed WRK-157 [\s\S]*Released WRK-157\nClaimed WRK-2 [\s\S]*Released WRK-2\nNothing to release: nobody holds WRK-2\.\nend\n$/,
    )
    expect(space.read('WRK-157')).toBe(before)
  })

  test('an item that another session holds is refused with 4, and set -e ends the script', async () => {
    const held = heldItem('WRK-1', 'other', ago(60_000))
    const space = new Workspace({ 'WRK-1': held })
    const { code, stdout, stderr } = await space.bash('claim_wrk WRK-1\necho went on')
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toMatch(/^wrk: WRK-1 is held by other/)
    const kept = await space.bash(
      'wrk_claim WRK-1 2>/dev/null || echo "claim $?"; wrk_release WRK-1 2>"$W/err" || echo "release $?"; cat "$W/err"',
    )
    expect(kept.stdout).toMatch(/^claim 4\nrelease 4\nwrk: WRK-1 is held by other/)
    expect(space.read('WRK-1')).toBe(held)
  })

  test('an unknown item is 1 for a claim, and a warning and 0 for a release', async () => {
    const space = new Workspace()
    const claim = await space.bash('claim_wrk WRK-999')
    expect(claim).toMatchObject({ code: 1, stdout: '' })
    expect(claim.stderr).toMatch(/^wrk: no item WRK-999 in /)
    const release = await space.bash('release_wrk WRK-999\necho went on')
    expect(release).toMatchObject({ code: 0, stdout: 'went on\n' })
    expect(release.stderr).toBe(`wrk: warning: no item WRK-999 in ${space.queue}; nothing to release\n`)
  })

  test('a closed item is 5', async () => {
    const space = new Workspace({
      'done/WRK-1.md': item('WRK-1', { status: 'done' }),
      'WRK-2': item('WRK-2'),
    })
    expect((await space.bash('claim_wrk WRK-1')).code).toBe(5)
  })

  test.each([
    '',
    '../x',
    '/etc/passwd',
    '--force',
    '-n',
    '$(touch made)',
    '`touch made`',
    'WRK-1; touch made',
    '*',
  ])('the id %j is refused with 2 by all, and nothing happens', async id => {
    const space = new Workspace({ 'WRK-1': item('WRK-1') })
    const before = snapshot(space.root)
    const { stdout, stderr } = await space.bash(
      `for f in claim_wrk release_wrk resolve_wrk_file; do "$f" "$ID" || echo "$f $?"; done
(assert_plan_approved_or_fail "$ID") || echo "plan $?"`,
      { env: { ID: id } },
    )
    const last = id.startsWith('/') || id.startsWith('..') ? /plan 2\n$/ : /plan 2\n$/
    expect(stdout).toMatch(/^claim_wrk 2\nrelease_wrk 2\nresolve_wrk_file 2\n/)
    expect(stdout).toMatch(last)
    expect(stderr).toContain('wrk: ')
    const after = snapshot(space.root)
    for (const name of Object.keys(before)) if (name.endsWith('.md')) expect(after[name]).toBe(before[name])
    expect(readdirSync(space.home)).not.toContain('made')
  })

  test('of two rapid claims one wins, the other gets 4', async () => {
    const space = new Workspace({ 'WRK-157': item('WRK-157') })
    const sessions = ['one', 'two']
    const results = await Promise.all(sessions.map(session => space.bash('claim_wrk WRK-157', { session })))
    expect(results.map(({ code }) => code).sort()).toEqual([0, 4])
    const winner = sessions[results.findIndex(({ code }) => code === 0)]
    expect(space.read('WRK-157')).toContain(`locked_by: "${winner}"`)
  })

  test('a stale lock is taken over with a warning; LOCK_TTL_SECONDS need not be exported', async () => {
    const space = new Workspace({
      'WRK-1': heldItem('WRK-1', 'gone', ago(3 * HOUR)),
      'WRK-2': heldItem('WRK-2', 'other', ago(60_000)),
    })
    const { code, stderr, stdout } = await space.bash('claim_wrk WRK-1')
    expect({ code, stdout: stdout.slice(0, 15) }).toEqual({ code: 0, stdout: 'Took over WRK-1' })
    expect(stderr).toMatch(/^wrk: warning: took over WRK-1 from gone/)
    const shortened = await space.bash('LOCK_TTL_SECONDS=30\nclaim_wrk WRK-2')
    expect(shortened).toMatchObject({ code: 0 })
  })

  test('flags go to wrk', async () => {
    const space = new Workspace({ 'WRK-1': item('WRK-1') })
    const { stdout } = await space.bash(
      'claim_wrk WRK-1 --json --run-id r1; release_wrk WRK-1 --run-id r1 --json',
    )
    const [claimed, released] = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(claimed).toMatchObject({ ok: true, kind: 'granted' })
    expect(released).toMatchObject({ ok: true, released: true })
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

describe('resolve_wrk_file', () => {
  test('distinguishes a number with parts from the number alone', async () => {
    const names = ['WRK-222.md', 'WRK-222.1.md', 'WRK-0222.02-pumps.md', 'WRK-7.1x.md']
    const space = new Workspace(Object.fromEntries(names.map(name => [`pending/${name}`, item('WRK-1')])))
    const { stdout } = await space.bash(
      'for id in 222 222.1 WRK-222.2 222.3 7 7.1; do resolve_wrk_file "$id" 2>/dev/null || echo none; done',
    )
    expect(stdout.replaceAll(`${space.queue}/pending/`, '').trim().split('\n')).toEqual([
      ...names.slice(0, 3),
      ...['none', 'none', 'none'],
    ])
  })

  test('a field of an item with a dotted number is set in that item', async () => {
    const items = { 'pending/WRK-222.md': item('WRK-222'), 'pending/WRK-222.01.md': item('WRK-222.1') }
    const space = new Workspace(items)
    const { code } = await space.bash('wrk_set_frontmatter_value "$Q/pending/WRK-222.01.md" priority high')
    expect(code).toBe(0)
    expect(space.read('pending/WRK-222.01.md')).toContain('priority: high')
    expect(space.read('pending/WRK-222.md')).toContain('priority: medium')
  })

  test('in the example queue it agrees with wrk about every item', async () => {
    const space = new Workspace()
    cpSync(join(ROOT, 'fixtures', 'queue'), space.queue, { recursive: true })
    const { json } = await run('list --json', { cwd: space.root })
    const paths = new Map<string, string[]>()
    for (const {
      item: { id, path },
    } of json.items.map((one: object) => ('item' in one ? one : { item: one })))
      paths.set(id, [...(paths.get(id) ?? []), path])
    expect(paths.size).toBeGreaterThan(3)
    const ids = [...paths.keys()].filter(id => /^[\w-]+[-#]\d+$/.test(id))
    const { stdout } = await space.bash(
      `for id in ${ids.join(' ')}; do resolve_wrk_file "$id" 2>/dev/null || echo; done`,
    )
    for (const [i, path] of stdout.trimEnd().split('\n').entries()) expect(paths.get(ids[i]!)).toContain(path)
  })

  test('one of several places is used with a warning that names them; links are passed over', async () => {
    const space = new Workspace({ 'pending/WRK-1.md': 'x', 'working/WRK-1.md': 'x' })
    const { code, stdout, stderr } = await space.bash('resolve_wrk_file 1')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${space.path('working/WRK-1.md')}\n` })
    expect(stderr).toContain('has several files')
    expect(stderr).toContain(space.path('pending/WRK-1.md'))

    const outside = tempFolder()
    writeFileSync(join(outside, 'WRK-2.md'), item('WRK-2'))
    symlinkSync(join(outside, 'WRK-2.md'), space.path('pending/WRK-2.md'))
    rmSync(space.path('done'), { recursive: true })
    symlinkSync(outside, space.path('done'))
    expect((await space.bash('resolve_wrk_file 2')).code).toBe(1)
  })

  test('the prefix of short ids is that of wrk.yaml', async () => {
    const space = new Workspace({
      'wrk.yaml': 'ttl: 1h\r\nid_prefix: "JOB" # ours\r\n',
      'pending/JOB-1.md': 'x',
      'pending/WRK-1.md': 'x',
    })
    expect((await space.bash('resolve_wrk_file 1')).stdout).toBe(`${space.path('pending/JOB-1.md')}\n`)
  })
})

describe('values of the frontmatter', () => {
  const TEXT = `---
id: WRK-1
plain: some words  # a comment
hash: a#b
double: "a \\"b\\" \\\\ \\u00e9 # c"   # a comment
single: 'it''s # c'
empty:
quoted_empty: ""
only_comment: # nothing
none: null
list:
  - double
flow: [a, b]
folded: >-
  one
  two
literal: |
  one
    two
long: one
  two
quoted_long: "one
  two"
url: https://example.org/#x
twice: first
twice: second
date: 2026-02-16T19:30:00Z
---
body: not this
---
other: nor this
`
  const VALUES: [key: string, value: string][] = [
    ['id', 'WRK-1'],
    ['plain', 'some words'],
    ['hash', 'a#b'],
    ['double', 'a "b" \\ é # c'],
    ['single', "it's # c"],
    ['empty', ''],
    ['quoted_empty', ''],
    ['only_comment', ''],
    ['none', ''],
    ['list', ''],
    ['flow', '[a, b]'],
    ['folded', 'one two'],
    ['literal', 'one\n  two'],
    ['long', 'one two'],
    ['quoted_long', 'one two'],
    ['url', 'https://example.org/#x'],
    ['twice', 'first'],
    ['date', '2026-02-16T19:30:00Z'],
    ['body', ''],
    ['other', ''],
    ['absent', ''],
    ['plai', ''],
  ]

  test.each([
    ['as it is', TEXT],
    ['with CRLF', TEXT.replaceAll('\n', '\r\n')],
    ['with a byte order mark', `\uFEFF${TEXT}`],
  ])('are read without quotes and comments, %s', async (_, text) => {
    const space = new Workspace({ 'WRK-1': text })
    const { code, stdout, stderr } = await space.bash(
      `for key in ${VALUES.map(([key]) => key).join(' ')}; do
  value="$(wrk_get_frontmatter_value "$Q/pending/WRK-1.md" "$key")"
  printf '%s=%s\\0' "$key" "$value"
done`,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\0').slice(0, -1)).toEqual(VALUES.map(([key, value]) => `${key}=${value}`))
  })

  test('there are none without a frontmatter or its end; a file that is not there is 1, a bad key 2', async () => {
    const space = new Workspace({ 'WRK-1': 'id: WRK-1\n', 'WRK-2': '---\nid: WRK-2\n', 'WRK-3': '' })
    const { stdout, stderr } = await space.bash(`
for n in 1 2 3; do wrk_get_frontmatter_value "$Q/pending/WRK-$n.md" id; done
wrk_get_frontmatter_value "$Q/pending/WRK-4.md" id || echo "missing $?"
wrk_get_frontmatter_value "$Q/pending/WRK-1.md" 'a: b' || echo "key $?"
wrk_get_frontmatter_value || echo "usage $?"`)
    expect(stdout).toBe('missing 1\nkey 2\nusage 2\n')
    expect(stderr).toContain('WRK-4.md cannot be read')
  })

  test('are set in place by wrk, whatever they hold', async () => {
    const space = new Workspace({
      'WRK-1': item('WRK-1').replace('priority: medium', 'owner: medium # why'),
    })
    const before = space.read('WRK-1')
    for (const value of [
      'high',
      '',
      'a "b" # c: d \\ é',
      "$(touch made) `touch made` 'x'",
      '- [ ] {',
      'true',
      ' x ',
    ]) {
      const { code, stdout, stderr } = await space.bash(
        `file="$(resolve_wrk_file 1)"
wrk_set_frontmatter_value "$file" owner "$VALUE"
value="$(wrk_get_frontmatter_value "$file" owner; echo x)"
printf '%s' "\${value%?x}"`,
        { env: { VALUE: value } },
      )
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: value, stderr: '' })
      expect(space.read('WRK-1').replace(/^owner: .*$/m, '')).toBe(before.replace(/^owner: .*$/m, ''))
    }
    expect(readdirSync(space.home)).not.toContain('made')
  })

  test('of the lock, of other files and of others’ items are not set', async () => {
    const space = new Workspace({
      'WRK-1': item('WRK-1'),
      'WRK-2': heldItem('WRK-2', 'other', ago(60_000)),
      'notes/WRK-3.md': item('WRK-3'),
      'pending/README.md': '---\na: b\n---\n',
    })
    writeFileSync(join(space.root, 'WRK-1.md'), item('WRK-1'))
    const before = snapshot(space.root)
    const { stdout, stderr } = await space.bash(`
try() { wrk_set_frontmatter_value "$@" || echo "$?"; }
try "$Q/pending/WRK-1.md" locked_by me
try "$Q/pending/WRK-1.md" locked_at ''
try "$Q/pending/WRK-1.md" id WRK-9
try "$Q/pending/WRK-1.md" 'a=b' c
try "$Q/notes/WRK-3.md" a b
try "$Q/pending/README.md" a b
try "$W/WRK-1.md" a b
try "$Q/pending/WRK-99.md" a b
try "$Q/pending/WRK-2.md" a b
try "$Q/pending/WRK-1.md" a $'b\\nlocked_by: me'
try "$Q/pending/WRK-1.md" a`)
    expect(stdout.trim().split('\n')).toEqual(['2', '2', '2', '2', '2', '2', '2', '1', '4', '2', '2'])
    expect(stderr).toContain('locked_by belongs to the lock\n     claim_wrk and release_wrk change it.')
    const after = snapshot(space.root)
    for (const name of Object.keys(before)) if (name.endsWith('.md')) expect(after[name]).toBe(before[name])
  })
})

describe('gates', () => {
  test('the plan: 0 when approved, 3 when not, 2 when there is no such item', async () => {
    const space = new Workspace({
      'WRK-1': item('WRK-1', { plan_approved: 'true' }),
      'WRK-2': item('WRK-2', { plan_approved: '"True" # yes' }),
      'WRK-3': item('WRK-3', { plan_approved: 'false' }),
      'WRK-4': `${item('WRK-4')}plan_approved: true\n`,
    })
    const { stdout, stderr } = await space.bash(`
cp "$Q/pending/WRK-1.md" "$W/WRK-1.md"
for id in 1 WRK-2 3 4 5; do (assert_plan_approved_or_fail "$id") && echo 0 || echo $?; done
(assert_plan_approved_or_fail "$Q/pending/WRK-1.md") && echo 0
(assert_plan_approved_or_fail "$Q/pending/WRK-3.md") || echo $?
(assert_plan_approved_or_fail "$Q/pending/WRK-5.md") || echo $?
(assert_plan_approved_or_fail "$W/WRK-1.md") || echo $?
(assert_plan_approved_or_fail) || echo $?`)
    expect(stdout.trim().split('\n')).toEqual(['0', '0', '3', '3', '2', '0', '3', '2', '2', '2'])
    expect(stderr).toContain('wrk: 3 has no approved plan: plan_approved is false, not true\n')
    expect(stderr).toContain('wrk: 4 has no approved plan: plan_approved is not set, not true\n')
  })

  test('the orchestrator: 2 when none is set, and for another', async () => {
    const space = new Workspace()
    const { stdout, stderr } = await space.bash(`
(assert_orchestrator_or_fail claude) || echo $?
session_set_scalar orchestrator_agent claude
(assert_orchestrator_or_fail claude) && echo 0
(assert_orchestrator_or_fail) && echo 0
(assert_orchestrator_or_fail codex) || echo $?`)
    expect(stdout.trim().split('\n')).toEqual(['2', '0', '0', '2'])
    expect(stderr).toContain('wrk: no orchestrator is set in session-state.yaml\n')
    expect(stderr).toContain('wrk: codex is not the orchestrator, claude is\n')
  })

  test('end a script even without set -e, and no interactive shell', async () => {
    const space = new Workspace({ 'WRK-1': item('WRK-1') })
    const script = await space.bash('assert_plan_approved_or_fail 1\necho went on', { before: ':' })
    expect(script).toMatchObject({ code: 3, stdout: '' })
    const shell = await space.bash(
      'assert_plan_approved_or_fail 1; echo "plan $?"; assert_provider x; echo "provider $?"; assert_orchestrator_or_fail; echo "orchestrator $?"',
      { before: ':', flags: ['--norc', '--noprofile', '-ic'] },
    )
    expect(shell.stdout).toBe('plan 3\nprovider 2\norchestrator 2\n')
  })
})

describe('session state', () => {
  test('values are set and read on top; stages in both orders, and in the session’s own entry', async () => {
    const space = new Workspace({ 'WRK-157': item('WRK-157') })
    const { code, stdout, stderr } = await space.bash(`
claim_wrk WRK-157 >/dev/null
session_record_stage WRK-157 implement_tdd
echo "$(session_get active_wrk) $(session_get last_stage)"
session_record_stage cross_review wrk-157
echo "$(session_get active_wrk) $(session_get last_stage)"
session_record_stage WRK-157 phase-2
echo "$(session_get active_wrk) $(session_get last_stage)"
session_record_stage idle
echo "$(session_get active_wrk) $(session_get last_stage)"
session_set_scalar note 'a "b" # \\ é: $(x)'
session_get note
session_set_scalar handoff_allowed true
session_get handoff_allowed
session_get nothing`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')).toEqual([
      'WRK-157 implement_tdd',
      'wrk-157 cross_review',
      'WRK-157 phase-2',
      'WRK-157 idle',
      'a "b" # \\ é: $(x)',
      'true',
      '',
    ])
    const state = space.read('session-state.yaml')
    expect(state).toMatch(/^handoff_allowed: true$/m)
    expect(state).toMatch(/^ {4}last_stage: "idle"$/m)
    expect(state).toMatch(/^ {4}active_wrk: "WRK-157"$/m)
  })

  test('wrk’s own keys are refused with 2; a missing store is not an error for a reader', async () => {
    const space = new Workspace()
    const { stdout } = await space.bash(`
session_get last_stage
for key in session_id sessions rebuilt_at updated_at subagents_used 'a b'; do session_set_scalar "$key" x 2>/dev/null || echo $?; done
session_set_scalar last_stage 2>/dev/null || echo "usage $?"`)
    expect(stdout).toBe(`${'2\n'.repeat(6)}usage 2\n`)
    expect(existsSync(space.path('session-state.yaml'))).toBe(false)
  })

  test('SESSION_STATE_FILE names another file, exported or not', async () => {
    const space = new Workspace({ 'WRK-1': item('WRK-1') })
    const { code, stdout } = await space.bash(
      `SESSION_STATE_FILE="$W/other state.yaml"
ensure_session_store; session_set_scalar last_stage s; session_get last_stage; claim_wrk 1 >/dev/null`,
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 's\n' })
    expect(readFileSync(join(space.root, 'other state.yaml'), 'utf8')).toContain('session_id: "tester"')
    expect(existsSync(space.path('session-state.yaml'))).toBe(false)
  })

  test('eight scripts at once lose no other’s key', async () => {
    const space = new Workspace()
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const results = await Promise.all(keys.map(key => space.bash(`session_set_scalar key_${key} ${key}`)))
    expect(results.map(({ code }) => code)).toEqual(keys.map(() => 0))
    const { stdout } = await space.bash(`for k in ${keys.join(' ')}; do session_get "key_$k"; done`)
    expect(stdout).toBe(keys.map(key => `${key}\n`).join(''))
  })

  test('the time is UTC to the second', async () => {
    const { stdout } = await new Workspace().bash('session_now_iso', { env: { TZ: 'Asia/Tokyo' } })
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/)
    expect(Math.abs(Date.parse(stdout.trim()) - Date.now())).toBeLessThan(60_000)
  })
})

describe('the shell around', () => {
  const ALL = `claim_wrk WRK-157 >/dev/null
file="$(resolve_wrk_file 157)"
wrk_set_frontmatter_value "$file" priority high
[ "$(wrk_get_frontmatter_value "$file" priority)" = high ]
assert_provider claude
session_set_scalar orchestrator_agent claude
assert_orchestrator_or_fail claude
session_record_stage WRK-157 s
[ "$(session_get last_stage)" = s ]
release_wrk WRK-157 >/dev/null
release_wrk WRK-99 2>/dev/null
! resolve_wrk_file 99 2>/dev/null
`

  test('keeps its variables, options and folder, also when it sources twice', async () => {
    const space = new Workspace({ 'WRK-157': item('WRK-157') })
    const state = `{ set -o; shopt; pwd; trap; compgen -v | grep -vxE 'BASH_.*|PIPESTATUS|_|before|after|file|LINENO|RANDOM|SECONDS|FUNCNAME'; }`
    const { code, stdout } = await space.bash(
      `after="$(${state})"
source "$LIB"
${ALL}[[ "$after" == "$(${state})" ]] && echo same
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

describe('execute.sh and review.sh', () => {
  let space: Workspace
  beforeAll(() => {
    space = new Workspace({
      'WRK-1': item('WRK-1', { plan_approved: 'true' }),
      'WRK-2': item('WRK-2'),
      'WRK-3': heldItem('WRK-3', 'other', ago(60_000), { plan_approved: 'true' }),
      'WRK-4': item('WRK-4', { plan_approved: 'true' }),
    })
  })

  test('execute.sh takes id and flags in any order, and passes words on as they are', async () => {
    for (const args of [
      ['WRK-1', '--provider', 'claude'],
      ['--provider', 'claude', 'WRK-1'],
    ]) {
      const command = ['bash', '-c', 'printf "<%s>" "$@"; printf "%s" "$WRK_ID"', '-', 'a b', '$(x)', '']
      const result = await space.script('execute', [...args, '--', ...command])
      expect(result.code).toBe(0)
      expect(result.stdout).toContain('<a b><$(x)><>WRK-1')
      expect(space.read('WRK-1')).toContain('locked_by: ""')
    }
  })

  test('execute.sh ends with the gates’ codes, or the command’s', async () => {
    const code = async (...args: string[]) => (await space.script('execute', args)).code
    expect(await code('WRK-1', '--provider', 'claude', '--', 'bash', '-c', 'exit 9')).toBe(9)
    expect(await code('WRK-99', '--provider', 'claude', '--', 'true')).toBe(1)
    expect(await code()).toBe(2)
    expect(await code('WRK-1', '--provider')).toBe(2)
    expect(await code('WRK-1', '--provider', 'nobody', '--', 'true')).toBe(2)
    expect(await code('WRK-1', '--what')).toBe(2)
    expect(await code('WRK-2', '--provider', 'claude', '--', 'true')).toBe(3)
    expect(await code('WRK-3', '--provider', 'claude', '--', 'true')).toBe(4)
  })

  test('execute.sh hands a signal on: the command ends and the item is free', async () => {
    const program = join(space.root, 'scripts', 'agents', 'execute.sh')
    const pidFile = join(space.home, 'pid')
    const child = start(
      program,
      ['WRK-1', '--provider', 'claude', '--', 'bash', '-c', `echo $$ >'${pidFile}'; exec sleep 60`],
      { cwd: space.home, env: space.env() },
    )
    const ended = finished(child)
    const pid = Number(
      await until('the command runs', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8')),
    )
    process.kill(child.pid!, 'SIGTERM')
    expect((await ended).code).toBe(143)
    await gone(pid)
    expect(space.read('WRK-1')).toContain('locked_by: ""')
  })

  test('review.sh archives what passes and leaves what does not', async () => {
    expect((await space.script('review', ['WRK-4', '--', 'false'])).code).toBe(1)
    expect(space.read('WRK-4')).toContain('locked_by: ""')
    expect((await space.script('review', ['--provider', 'codex', 'WRK-4', '--', 'true'])).code).toBe(0)
    expect(existsSync(space.path('WRK-4'))).toBe(false)
    expect((await space.script('review', [])).code).toBe(2)
    expect((await space.script('review', ['WRK-3', '--', 'true'])).code).toBe(4)
    const all = await space.script('review', ['WRK-2', '--all-providers'])
    expect(all.code).toBe(2)
  })
})

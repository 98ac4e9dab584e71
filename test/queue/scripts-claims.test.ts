/** The shell functions that claim, check gates and keep the session’s state, and the scripts that call them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ago, HOUR, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, gone, start } from '../support/processes.ts'
import { stampedSnapshot, Workspace } from './scripts.shared.ts'

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
    const before = stampedSnapshot(space.root)
    const { stdout, stderr } = await space.bash(
      `for f in claim_wrk release_wrk resolve_wrk_file; do "$f" "$ID" || echo "$f $?"; done
(assert_plan_approved_or_fail "$ID") || echo "plan $?"`,
      { env: { ID: id } },
    )
    const last = id.startsWith('/') || id.startsWith('..') ? /plan 2\n$/ : /plan 2\n$/
    expect(stdout).toMatch(/^claim_wrk 2\nrelease_wrk 2\nresolve_wrk_file 2\n/)
    expect(stdout).toMatch(last)
    expect(stderr).toContain('wrk: ')
    const after = stampedSnapshot(space.root)
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

/** The rest of agent-hooks.test.ts: what takes too long for every run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { deadAnchor, registry } from '../support/sessions.ts'
import { answer, bash, edit, send, unhindered } from './agent-hooks.shared.ts'

describe('PreToolUse refuses', () => {
  test('none of its own items, of free ones, of a dead session’s, of an old lock’s, and of other files', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 's-1', ago(MINUTE)),
      'pending/WRK-2.md': heldItem('WRK-2', 's-1/helper', ago(MINUTE)),
      'pending/WRK-3.md': item('WRK-3'),
      'pending/WRK-4.md': heldItem('WRK-4', 'dead', ago(MINUTE)),
      'pending/WRK-5.md': heldItem('WRK-5', 'silent', ago(3 * HOUR)),
      'pending/WRK-6.md': '---\nid: WRK-6\nlocked_by: [\n---\n',
      'pending/notes.md': 'x\n',
      'session-state.yaml': registry([
        { id: 's-1', heartbeat_at: ago(0) },
        { id: 'dead', anchor: deadAnchor(), heartbeat_at: ago(MINUTE) },
        { id: 'silent', heartbeat_at: ago(3 * HOUR) },
      ]),
    })
    writeFileSync(join(queue.home, 'WRK-1.md'), 'not in the queue\n')
    for (const name of ['1', '2', '3', '4', '5', '6', '999'])
      expect(await answer(send(queue, edit(queue.path(`WRK-${name}`)))), name).toBeNull()
    for (const file of [
      queue.path('pending/notes.md'),
      join(queue.home, 'WRK-1.md'),
      '/nowhere/at/all/WRK-1.md',
      '~',
    ])
      expect(await answer(send(queue, edit(file)))).toBeNull()
    const read = { ...edit(queue.path('WRK-1')), tool_name: 'Read' }
    expect(await answer(send(queue, read))).toBeNull()
  })

  test('commits past wrk’s git hooks, where they are installed', async () => {
    const queue = makeQueue(['WRK-1'])
    const env = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' }
    const git = (...args: string[]) => {
      const done = spawnSync('git', args, {
        cwd: queue.home,
        env: cleanEnv(queue.home, env),
        encoding: 'utf8',
      })
      if (done.status !== 0) throw new Error(done.stderr)
    }
    git('init', '-q')
    const ask = (command: string) => answer(send(queue, bash(command), env))
    const hookless = 'git add -A && git commit -anm "done"'
    expect(await ask(hookless)).toBeNull()

    const hook = join(queue.home, '.git', 'hooks', 'pre-commit')
    mkdirSync(join(queue.home, '.git', 'hooks'), { recursive: true })
    writeFileSync(hook, '#!/bin/sh\n# somebody else’s hook\n')
    expect(await ask(hookless)).toBeNull()
    writeFileSync(hook, '#!/bin/sh\n# wrk hook 1, 0123abcd\nexit 0\n')
    const refused = await ask(hookless)
    expect(refused.permissionDecision).toBe('deny')
    expect(refused.permissionDecisionReason).toContain('-anm')
    for (const command of [
      'git commit -m "no --no-verify here"',
      'git push --no-verify',
      'git status',
      'ls -n',
    ])
      expect(await ask(command), command).toBeNull()
    const elsewhere = tempFolder()
    expect(await ask(`git -C ${elsewhere} commit --no-verify`)).toBeNull()
    expect(
      await answer(send(queue, { ...bash(`cd ${queue.home} && git commit -n`), cwd: elsewhere }, env)),
    ).toMatchObject({
      permissionDecision: 'deny',
    })

    // Where core.hooksPath says that they are.
    git('config', 'core.hooksPath', 'own-hooks')
    expect(await ask(hookless)).toBeNull()
    mkdirSync(join(queue.home, 'own-hooks'))
    writeFileSync(join(queue.home, 'own-hooks', 'commit-msg'), '#!/bin/sh\n# wrk hook 1, 0123abcd\n')
    expect((await ask(hookless)).permissionDecision).toBe('deny')
  })
})

describe('no failure of wrk blocks an agent', () => {
  test.each([
    '',
    'no json',
    '[]',
    'null',
    '"text"',
    '{}',
    '{"hook_event_name":"PreToolUse"}',
    '{"hook_event_name":"PreToolUse","session_id":"a b\\nc","tool_name":"Edit"}',
    '{"hook_event_name":7,"session_id":{},"cwd":[],"tool_input":3}',
    '{"hook_event_name":"Unheard","session_id":"s-1"}',
    '{"hook_event_name":"PreToolUse","session_id":"s-1","tool_name":"Bash","tool_input":null}',
    '{"hook_event_name":"PreToolUse","session_id":"s-1","tool_name":"Edit","tool_input":{"file_path":["x"]}}',
    '{"__proto__":{"hook_event_name":"SessionStart","session_id":"s-1"}}',
    '\u0000\ufffd{',
  ])('input %j', async input => {
    const queue = makeQueue(['WRK-1'])
    const result = await send(queue, input)
    expect(result).toMatchObject({ code: 0, stdout: '' })
    expect(queue.exists('session-state.yaml')).toBe(false)
  })

  test('no queue, or a folder that is gone', async () => {
    await unhindered(tempFolder())
    await unhindered('/nowhere/at/all')
  })
})

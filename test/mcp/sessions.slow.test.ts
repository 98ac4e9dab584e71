/** Whose call it is: `_meta` first, then the agent above, then the environment; and where the queue is. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { ERAS, startMcp } from '../support/mcp.ts'
import { killProcess, tempFolder } from '../support/processes.ts'
import { makeQueue } from '../support/queue.ts'
import { makeRepository } from '../support/repository.ts'
import { anchorOf, registry } from '../support/sessions.ts'

describe.each(ERAS)('in the %s protocol', era => {
  test('without a session, what changes something is refused with the three ways to give one', async () => {
    const queue = makeQueue(['WRK-1'])
    const mcp = await startMcp(queue, { era })
    const before = queue.read('WRK-1')
    for (const [name, args] of [
      ['next', { claim: true }],
      ['claim', { id: '1' }],
      ['release', { id: '1' }],
      ['new', { title: 'Another' }],
      ['set', { id: '1', changes: ['priority=low'] }],
      ['transition', { id: '1', verb: 'start' }],
    ] as const) {
      const { isError, structuredContent } = await mcp.callRaw(name, args)
      expect([name, isError]).toEqual([name, true])
      expect(structuredContent).toMatchObject({
        code: 'NO_SESSION',
        next: expect.stringMatching(/_meta.*wrk session start.*WRK_SESSION_ID/),
      })
    }
    expect(await mcp.call('next')).toMatchObject({ ok: true, item: { id: 'WRK-1' } })
    expect(await mcp.call('show', { id: '1' })).toMatchObject({ ok: true })
    expect(queue.read('WRK-1')).toBe(before)
    expect(queue.stateFiles()).toEqual([])
  })

  test('a thread that its call names goes before the session that the server was started with', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2', 'WRK-3'])
    const mcp = await startMcp(queue, { era, session: 'outer' })
    expect((await mcp.call('claim', { id: '1' })).lock.locked_by).toBe('outer')
    expect((await mcp.call('claim', { id: '2' }, { threadId: 'thread-1' })).lock.locked_by).toBe('thread-1')
    expect((await mcp.call('claim', { id: '3' }, { sessionID: 'ses_01' })).lock.locked_by).toBe('ses_01')
    expect(queue.session('thread-1')).toMatchObject({ orchestrator_agent: 'codex' })
    expect(queue.session('ses_01')).toMatchObject({ orchestrator_agent: 'opencode' })
  })
})

test('the session of the agent that started the server goes before what the environment says', async () => {
  const queue = makeQueue(['WRK-1', 'WRK-2'])
  const mcp = await startMcp(queue, { agent: 'claude', session: 'outer' })
  expect((await mcp.call('claim', { id: '1' })).lock.locked_by).toBe('outer')
  const anchor = anchorOf(mcp.pid)
  queue.write('session-state.yaml', registry([{ id: 'conversation', agent: 'claude', anchor }]))
  expect((await mcp.call('claim', { id: '2' })).lock.locked_by).toBe('conversation')
})

test('--session names one session for every call', async () => {
  const queue = makeQueue(['WRK-1'])
  const mcp = await startMcp(queue, { args: ['--session', 'mine', '--agent', 'helper'] })
  expect((await mcp.call('claim', { id: '1' }, { threadId: 'thread-1' })).lock.locked_by).toBe('mine/helper')
})

test('nothing is written and nobody is seen alive before the first call, nor between calls', async () => {
  const queue = makeQueue(['WRK-1'])
  const mcp = await startMcp(queue, { session: 'quiet' })
  await mcp.client.listTools()
  expect(queue.stateFiles()).toEqual([])
  expect((await mcp.call('claim', { id: '1' })).ok).toBe(true)
  const [before] = [queue.session('quiet').heartbeat_at]
  await mcp.client.listTools()
  expect(queue.session('quiet').heartbeat_at).toBe(before)
})

test('a thread’s claims are free when the agent that ran it is gone', async () => {
  const queue = makeQueue(['WRK-1'])
  const mcp = await startMcp(queue, { agent: 'codex' })
  expect((await mcp.call('claim', { id: '1' }, { threadId: 'thread-1' })).ok).toBe(true)
  expect(queue.session('thread-1').anchor.pid).toBe(mcp.pid)
  killProcess(-mcp.pid)
  await until('the claim is free', async () => (await queue.run('claim 1')).code === 0)
  expect(queue.lock('WRK-1').by).toBe('tester')
})

test('the queue is that of the directory that the call names, and ids never leave it', async () => {
  const queue = makeQueue(['WRK-1'])
  const other = makeQueue()
  const workspace = join(other.home, 'site')
  mkdirSync(join(workspace, 'src'), { recursive: true })
  mkdirSync(join(workspace, '.claude/work-queue/pending'), { recursive: true })
  writeFileSync(join(workspace, '.claude/work-queue/pending/WRK-5.md'), item('WRK-5'))
  writeFileSync(join(other.home, 'WRK-6.md'), item('WRK-6'))
  const mcp = await startMcp(queue)
  const idsOf = async (args: object) =>
    (await mcp.call('list', args)).items.map(({ id }: { id: string }) => id)
  expect(await idsOf({})).toEqual(['WRK-1'])
  expect(await idsOf({ dir: join(workspace, 'src') })).toEqual(['WRK-5'])
  expect(await mcp.call('claim', { id: '5', dir: workspace }, { threadId: 't' })).toMatchObject({ ok: true })
  for (const id of ['../../../WRK-6', '../WRK-6', join(other.home, 'WRK-6.md'), 'WRK-6\0', '..%2fWRK-6'])
    expect(await mcp.call('show', { id, dir: workspace })).toMatchObject({ ok: false, code: 'USAGE' })
  for (const uri of ['wrk://item/..%2F..%2FWRK-6', 'file:///etc/passwd', 'wrk://item/', 'wrk://other'])
    await expect(mcp.client.readResource({ uri })).rejects.toThrow()
})

test('in a linked worktree the queue is that of the main one', async () => {
  const repository = await makeRepository(['WRK-1'])
  const linked = join(tempFolder(), 'linked')
  await repository.git(['worktree', 'add', '-q', linked])
  const mcp = await startMcp(makeQueue(), { cwd: linked, env: { WRK_QUEUE: '' } })
  expect(await mcp.call('claim', { id: '1' }, { threadId: 't' })).toMatchObject({ ok: true })
  expect(repository.read('WRK-1')).toContain('locked_by: "t"')
  const elsewhere = await startMcp(makeQueue())
  expect(await elsewhere.call('list', { dir: linked })).toMatchObject({
    items: [{ id: 'WRK-1', held_by: 't' }],
  })
})

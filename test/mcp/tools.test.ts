/** The tools of `wrk mcp`, in both forms of the protocol: what each does and answers. */
import type { JsonSchemaType } from '@modelcontextprotocol/server'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'
import { countTokens } from 'gpt-tokenizer'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { ERAS, startMcp } from '../support/mcp.ts'
import { makeQueue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'

const ANN = { threadId: 'ann' }
const BOB = { threadId: 'bob' }

test('names, descriptions and arguments of at most 8 tools take at most 1,500 tokens', async () => {
  const { client } = await startMcp(makeQueue())
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual([
    'next',
    'claim',
    'release',
    'list',
    'show',
    'new',
    'set',
    'transition',
  ])
  const told = tools.map(({ name, title, description, inputSchema }) => ({
    name,
    title,
    description,
    inputSchema,
  }))
  expect(countTokens(JSON.stringify(told))).toBeLessThan(1_500)
})

test('each tool says whether it changes something', async () => {
  const { client } = await startMcp(makeQueue())
  const { tools } = await client.listTools()
  const readOnly = tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name)
  expect(readOnly).toEqual(['list', 'show'])
  for (const { annotations } of tools)
    expect(annotations).toMatchObject({ destructiveHint: false, openWorldHint: false })
})

describe.each(ERAS)('in the %s protocol', era => {
  test('a session takes an item through its life', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1', { title: 'Tide table', priority: 'high' }),
      'pending/WRK-2.md': item('WRK-2', { blocked_by: '[WRK-1]' }),
    })
    const mcp = await startMcp(queue, { era })
    const call = (name: string, args: Json = {}) => mcp.call(name, args, ANN)
    expect(await call('next')).toMatchObject({ ok: true, item: { id: 'WRK-1' }, lock: null, ready: 1 })
    expect(await call('next', { claim: true })).toMatchObject({
      ok: true,
      message: 'Claimed WRK-1.',
      lock: { locked_by: 'ann' },
    })
    expect(queue.lock('WRK-1').by).toBe('ann')
    expect(await call('claim', { id: '1' })).toMatchObject({ ok: true, message: 'Renewed WRK-1.' })
    expect(await call('transition', { id: '1', verb: 'start' })).toMatchObject({
      ok: true,
      item: { status: 'working' },
      lock: { locked_by: 'ann' },
    })
    expect(await call('set', { id: '1', changes: ['priority=low', 'labels+=sea'] })).toMatchObject({
      ok: true,
      changed: true,
      before: { priority: 'high' },
      lists: { labels: ['sea'] },
    })
    expect(await call('new', { title: 'Buoys', blocked_by: ['1'] })).toMatchObject({
      ok: true,
      item: { id: 'WRK-003', title: 'Buoys', status: 'pending' },
    })
    expect(await call('show', { id: 'WRK-1' })).toMatchObject({
      ok: true,
      fields: { title: 'Tide table', priority: 'low' },
      holder: { session_id: 'ann' },
    })
    const { items, total } = await call('list', { mine: true })
    expect([total, items]).toMatchObject([1, [{ id: 'WRK-1', held_by: 'ann' }]])
    expect(await call('transition', { id: '1', verb: 'done' })).toMatchObject({
      ok: true,
      item: { status: 'done' },
      unblocked: expect.arrayContaining(['WRK-2', 'WRK-003']),
    })
    expect(queue.exists('done/WRK-1.md')).toBe(true)
    expect(await call('claim', { id: '2' })).toMatchObject({ ok: true })
    expect(await call('release', { id: '2' })).toMatchObject({ ok: true, released: true })
    expect(queue.lock('WRK-2').by).toBe('')
    const types = queue.events().map(({ type, session }) => `${type} ${session}`)
    expect(types).toEqual([
      'sessionStarted ann',
      'granted ann',
      'renewed ann',
      'started ann',
      'changed ann',
      'created ann',
      'finished ann',
      'granted ann',
      'released ann',
    ])
  })

  test('two threads of one server exclude each other, and being refused is no error', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const mcp = await startMcp(queue, { era })
    const both = await Promise.all([
      mcp.callRaw('claim', { id: '1' }, ANN),
      mcp.callRaw('claim', { id: '1' }, BOB),
    ])
    const [won, lost] = both
      .map(({ structuredContent }) => structuredContent as Json)
      .sort((a, b) => b.ok - a.ok)
    expect([won!.ok, lost!.ok]).toEqual([true, false])
    expect(both.map(({ isError }) => isError ?? false)).toEqual([false, false])
    expect(lost).toMatchObject({
      message: expect.stringContaining(`WRK-1 is held by ${won!.lock.locked_by}`),
      next: 'Take another: next with claim.',
      holder: { session_id: won!.lock.locked_by },
    })
    const loser = won!.lock.locked_by === 'ann' ? BOB : ANN
    for (const [name, args] of [
      ['set', { id: '1', changes: ['priority=low'] }],
      ['transition', { id: '1', verb: 'done' }],
      ['release', { id: '1' }],
    ] as const) {
      const refused = await mcp.callRaw(name, args, loser)
      expect(refused.isError ?? false).toBe(false)
      expect(refused.structuredContent).toMatchObject({ ok: false, holder: { liveness: expect.any(String) } })
    }
    expect(await mcp.call('next', { claim: true }, loser)).toMatchObject({ ok: true, item: { id: 'WRK-2' } })
    expect(await mcp.call('next', { claim: true }, { threadId: 'carl' })).toMatchObject({
      ok: false,
      waiting: [{ id: 'WRK-1' }, { id: 'WRK-2' }],
    })
  })

  test('every answer fits its schema, and its text is the same', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1'),
      'pending/WRK-2.md': item('WRK-2', { status: '"odd \\u001b[31m word"' }),
      'pending/WRK-3.md': 'no frontmatter',
      'pending/workspace-hub-7.md': item('workspace-hub#7'),
    })
    const mcp = await startMcp(queue, { era })
    const { tools } = await mcp.client.listTools()
    const calls: [string, Json][] = [
      ...['1', '2', '3', 'workspace-hub#7', '99', '../WRK-1'].flatMap(id =>
        ['show', 'claim', 'release'].map(name => [name, { id }] as [string, Json]),
      ),
      ...['start', 'block', 'reopen', 'done', 'unblock', 'reopen'].map(
        verb => ['transition', { id: '1', verb }] as [string, Json],
      ),
      ['next', {}],
      ['list', {}],
      ['list', { text: 'nothing has this' }],
      ['set', { id: '1', changes: ['no assignment'] }],
      ['set', { id: '1', changes: ['status=done'] }],
      ['new', { title: 'two\nlines' }],
      ['new', { title: 'One line', priority: 'odd' }],
    ]
    for (const [name, args] of calls) {
      const { content, structuredContent, isError } = await mcp.callRaw(name, args, ANN)
      const validator = new AjvJsonSchemaValidator().getValidator(
        tools.find(tool => tool.name === name)!.outputSchema as JsonSchemaType,
      )
      const { valid, errorMessage } = validator(structuredContent)
      expect({ name, args, valid, errorMessage }).toMatchObject({ valid: true })
      expect(content).toEqual([{ type: 'text', text: JSON.stringify(structuredContent) }])
      expect(JSON.stringify(structuredContent)).not.toMatch(/\\u001b/)
      expect((structuredContent as Json).ok).toBe(!isError)
    }
  })

  test('what is asked wrongly is answered so that a model can do better', async () => {
    const mcp = await startMcp(makeQueue(['WRK-1']), { era })
    for (const [name, args, said] of [
      ['claim', {}, 'claim: id is missing.'],
      ['claim', { id: 'WRK-1', force: true }, 'claim: there is no argument "force".'],
      ['claim', { id: '../../etc/passwd' }, 'is not an item id'],
      ['claim', { id: 'WRK-1', wait: 500 }, 'wait: 500 is greater than 50'],
      ['claim', { id: 7 }, 'claim: id: '],
      ['show', { id: 'WRK-9' }, 'WRK-9'],
      ['transition', { id: '1', verb: 'archive' }, 'verb: it does not match any of ["start"'],
      ['set', { id: '1', changes: [7] }, 'changes/0: '],
      ['list', { dir: '/nowhere' }, '/nowhere'],
    ] as const) {
      const { isError, structuredContent } = await mcp.callRaw(name, args, ANN)
      expect([name, isError, (structuredContent as Json).message]).toEqual([
        name,
        true,
        expect.stringContaining(said),
      ])
    }
    await expect(mcp.callRaw('rm', { id: 'WRK-1' }, ANN)).rejects.toThrow('Unknown tool: rm')
    await expect(mcp.callRaw('claim', { id: 'WRK-1' }, { threadId: 'no id' })).resolves.toMatchObject({
      isError: true,
    })
  })
})

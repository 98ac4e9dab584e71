/** Resources of `wrk mcp` are followed: a client hears of what happens in a terminal. */
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { ERAS, type Era, type McpClient, startMcp } from '../support/mcp.ts'
import { makeQueue } from '../support/queue.ts'

const ITEM = 'wrk://item/WRK-1'
const STATUS = 'wrk://status'

/** @returns ends it */
async function follow({ client }: McpClient, era: Era, uris: string[]): Promise<() => Promise<unknown>> {
  if (era === 'modern') {
    const subscription = await client.listen({ resourceSubscriptions: uris })
    return () => subscription.close()
  }
  for (const uri of uris) await client.subscribeResource({ uri })
  return () => Promise.all(uris.map(uri => client.unsubscribeResource({ uri })))
}

describe.each(ERAS)('in the %s protocol', era => {
  test('items and the status are read, and a claim in a terminal is told to those who follow them', async () => {
    const queue = makeQueue(['WRK-1', 'WRK-2'])
    const mcp = await startMcp(queue, { era })
    const { resources } = await mcp.client.listResources()
    expect(resources.map(({ uri }) => uri)).toEqual([STATUS, ITEM, 'wrk://item/WRK-2'])
    const end = await follow(mcp, era, [ITEM, STATUS])
    expect((await queue.run('claim 2')).code).toBe(0)
    await until('the status has changed', () => mcp.updates.includes(STATUS))
    expect(mcp.updates).not.toContain(ITEM)
    expect((await queue.run('claim 1')).code).toBe(0)
    await until('the item has changed', () => mcp.updates.includes(ITEM))
    const [read] = (await mcp.client.readResource({ uri: ITEM })).contents
    expect(read).toMatchObject({ mimeType: 'text/markdown', text: queue.read('WRK-1') })
    const [status] = (await mcp.client.readResource({ uri: STATUS })).contents
    expect(JSON.parse((status as { text: string }).text).sessions).toMatchObject([
      { session_id: 'tester', items: [{ id: 'WRK-1' }, { id: 'WRK-2' }] },
    ])

    await end()
    // An answer to what was asked later: it has heard of the end.
    await mcp.client.listTools()
    const follower = await startMcp(queue, { era })
    await follow(follower, era, [ITEM])
    mcp.updates.length = 0
    expect((await queue.run('done 1')).code).toBe(0)
    await until('the other one hears of it', () => follower.updates.includes(ITEM))
    expect(mcp.updates).toEqual([])
    expect(await mcp.close()).toBe(0)
    expect(mcp.stderr()).toBe('')
  })
})

test('what is no resource of the server cannot be followed', async () => {
  const mcp = await startMcp(makeQueue(['WRK-1']), { era: 'legacy' })
  for (const uri of ['wrk://item/../../x', 'wrk://items', 'file:///etc/passwd'])
    await expect(mcp.client.subscribeResource({ uri })).rejects.toThrow()
})

test('what was asked before the client closed its end is answered', async () => {
  const queue = makeQueue(['WRK-1'])
  const line = (message: object) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`
  const input = [
    line({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    }),
    line({ method: 'notifications/initialized' }),
    line({
      id: 2,
      method: 'tools/call',
      params: { name: 'claim', arguments: { id: '1' }, _meta: { threadId: 't' } },
    }),
  ]
  const { code, stdout, stderr } = await queue.run('mcp', { input: input.join('') })
  const answers = stdout
    .trim()
    .split('\n')
    .map(text => JSON.parse(text))
  expect([code, stderr, answers.map(({ id }) => id)]).toEqual([0, '', [1, 2]])
  expect(answers[0].result.protocolVersion).toBe('2024-11-05')
  expect(answers[1].result.structuredContent).toMatchObject({ ok: true, lock: { locked_by: 't' } })
})

/** opencode's plugin as install writes it, loaded by Node and called as opencode calls it (@opencode-ai/plugin 1.18.33). */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { registry } from '../support/sessions.ts'

const own = { ...process.env }
afterEach(() => {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, own)
})

interface Hooks {
  event: (input: { event: { type: string; properties: object } }) => Promise<void>
  'chat.message': (input: { sessionID: string }) => Promise<void>
  'shell.env': (input: { sessionID?: string }, output: { env: Record<string, string> }) => Promise<void>
  'tool.execute.before': (
    input: { tool: string; sessionID: string; callID: string },
    output: { args: object },
  ) => Promise<void>
}

/** Its processes have the environment of this one, which must not be that of whoever runs the tests. */
async function plugin(queue: Queue): Promise<Hooks> {
  expect((await queue.run('agents install opencode', { cwd: queue.home })).code).toBe(0)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, cleanEnv(queue.home, { WRK_QUEUE: queue.root }))
  const file = join(queue.home, 'wrk.mjs')
  copyFileSync(join(queue.home, '.opencode', 'plugins', 'wrk.js'), file)
  const { wrk } = await import(pathToFileURL(file).href)
  return wrk({ directory: queue.home, worktree: queue.home })
}

const began = (id: string, parentID?: string) => ({
  event: { type: 'session.created', properties: { info: { id, ...(parentID ? { parentID } : {}) } } },
})

test('registers sessions, gives shells theirs, refuses edits of what others hold, and ends with the session', async () => {
  const queue = makeQueue({
    'pending/WRK-1.md': item('WRK-1'),
    'pending/WRK-2.md': item('WRK-2'),
    'session-state.yaml': registry([]),
  })
  const hooks = await plugin(queue)
  await hooks.event(began('ses_one'))
  await hooks.event(began('ses_child', 'ses_one'))
  expect(queue.session('ses_one')).toMatchObject({ orchestrator_agent: 'opencode', ended_at: null })

  const shell = async (sessionID: string) => {
    const output = { env: {} as Record<string, string> }
    await hooks['shell.env']({ sessionID }, output)
    return output.env.WRK_SESSION_ID!
  }
  expect([await shell('ses_one'), await shell('ses_child')]).toEqual(['ses_one', 'ses_one/ses_child'])
  expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(0)
  expect((await queue.run('claim WRK-2', { session: await shell('ses_child') })).code).toBe(0)

  const use = (sessionID: string, tool: string, args: object) =>
    hooks['tool.execute.before']({ tool, sessionID, callID: 'c' }, { args })
  const edit = (sessionID: string, id: string) => use(sessionID, 'edit', { filePath: queue.path(id) })
  await expect(edit('ses_one', 'WRK-1')).rejects.toThrow('WRK-1 is held by other')
  await expect(
    use('ses_one', 'apply_patch', {
      patchText: `*** Begin Patch\n*** Add File: a.ts\n+x\n*** Delete File: ${queue.path('WRK-1')}\n*** End Patch`,
    }),
  ).rejects.toThrow('WRK-1 is held by other')
  await edit('ses_child', 'WRK-2')
  await edit('ses_one', 'WRK-2')
  await use('ses_one', 'edit', { filePath: '/w/a.ts' })
  await hooks['chat.message']({ sessionID: 'ses_one' })

  await hooks.event({ event: { type: 'session.deleted', properties: { info: { id: 'ses_one' } } } })
  expect(queue.session('ses_one').ended_at).not.toBeNull()
})

test('does nothing without wrk, and without a queue', async () => {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'session-state.yaml': registry([]) })
  const hooks = await plugin(queue)
  await queue.run('claim WRK-1', { session: 'other' })
  process.env.PATH = '/nowhere'
  const { wrk } = await import(`${pathToFileURL(join(queue.home, 'wrk.mjs')).href}?again`)
  const without: Hooks = await wrk({ directory: queue.home, worktree: queue.home })
  await without.event(began('ses_two'))
  await without['tool.execute.before'](
    { tool: 'edit', sessionID: 'ses_two', callID: 'c' },
    { args: { filePath: queue.path('WRK-1') } },
  )
  expect(await wrk({ directory: '/nowhere', worktree: '/' })).toEqual({})
  expect(hooks).toHaveProperty('event')
})

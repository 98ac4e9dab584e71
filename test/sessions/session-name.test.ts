/** Sessions that a person recognises: a name of one's own, the terminal, "(you)". */
import { describe, expect, test } from 'vitest'
import { ttyName } from '../../src/system/processes/terminal-of.ts'
import { makeQueue } from '../support/queue.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'

describe('wrk session name', () => {
  test('gives the session a name that status and session list show, and takes it away', async () => {
    const queue = makeQueue(['WRK-1'])
    await queue.run('claim 1')
    expect((await queue.run('session name')).stdout).toBe('tester has no name.\n')
    expect((await queue.run(['session', 'name', 'api', 'work'])).stdout).toBe('tester is "api work"\n')
    expect((await queue.run('session name --json')).json.session).toEqual({ id: 'tester', name: 'api work' })
    expect((await queue.run('status')).stdout).toMatch(/^tester "api work" \(you\) {2}/)
    expect((await queue.run('status', { session: 'other' })).stdout).toMatch(/^tester "api work" {2}/m)
    expect((await queue.run('session list --json')).json.sessions).toMatchObject([
      { session_id: 'tester', name: 'api work', mine: true },
    ])
    expect((await queue.run('session show --json')).json.session).toMatchObject({ name: 'api work' })
    await queue.run(['session', 'name', ''])
    expect((await queue.run('status')).stdout).toMatch(/^tester \(you\) {2}/)
    expect(queue.leftovers()).toEqual([])
  })

  test.each([['two\nlines'], ['bell\x07'], ['x'.repeat(61)]])('refuses %j', async text => {
    const queue = makeQueue(['WRK-1'])
    const { code, json } = await queue.run(['session', 'name', text, '--json'])
    expect([code, json.error.code]).toEqual([2, 'USAGE'])
  })

  test('needs a session', async () => {
    expect((await makeQueue().run('session name x', { session: null })).code).toBe(2)
  })
})

test.runIf(haveTerminals())('a session of a terminal shows in which one it is', async () => {
  const queue = makeQueue(['WRK-1'])
  const terminal = await openTerminal(queue)
  await terminal.run('wrk claim 1')
  const tty = (await terminal.run('tty')).stdout.trim().replace('/dev/', '')
  expect(tty).toMatch(/^pts\/\d+$/)
  expect((await queue.run('status')).stdout).toContain(`, on ${tty}`)
  const { sessions } = (await queue.run('session list --json')).json
  expect(sessions).toMatchObject([{ tty, pane: null, liveness: 'alive' }])
})

test.each([
  [34816, 'pts/0'],
  [34819, 'pts/3'],
  [35072, 'pts/256'],
  [1025, 'tty1'],
  [0, null],
  [Number.NaN, null],
  [1088, null],
])('the terminal of device %j is %j', (device, name) => {
  expect(ttyName(device)).toBe(name)
})

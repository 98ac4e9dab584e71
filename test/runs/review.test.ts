/** `wrk review`: all pass and the item is archived and free in one step; else it is free and stays where it was. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { heldItem, item } from '../support/items.ts'
import { bash, heard, NOTES, noteOf, startWatched } from '../support/notes.ts'
import { gone } from '../support/processes.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json } from '../support/result.ts'
import { registry } from '../support/sessions.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'

const MONTH = new Date().toISOString().slice(0, 7)

/** A queue with reviewers that leave their names in a file, and end with the given codes. */
function reviewers(
  codes: Record<string, number>,
  items: Record<string, string> = { 'WRK-1': item('WRK-1') },
) {
  const queue = makeQueue(items)
  const line = ([name, code]: [string, number]) =>
    `  ${name}: [bash, -c, 'echo ${name}:$WRK_PROVIDER >>"$HOME/order"; exit ${code}']\n`
  queue.write('wrk.yaml', `providers:\n${Object.entries(codes).map(line).join('')}`)
  return queue
}

const order = (queue: Queue): string[] =>
  existsSync(noteOf(queue, 'order')) ? readFileSync(noteOf(queue, 'order'), 'utf8').trim().split('\n') : []
const eventTypes = (queue: Queue) =>
  queue
    .events()
    .filter(({ item }) => item)
    .map(({ type }) => type)

/** The item is in the archive, free, and nothing but status, time and lock has changed; gives its path there. */
function expectArchived(queue: Queue, before: string, from = 'pending/WRK-1.md'): string {
  const completed = queue.events().find(({ type }) => type === 'archived')!.time
  const name = `archive/${completed.slice(0, 7)}/WRK-1.md`
  expect(queue.exists(from)).toBe(false)
  expect(queue.read(name)).toBe(
    before
      .replace(/^status: .*$/m, 'status: archived')
      .replace(/^locked_(by|at): .*$/gm, 'locked_$1: ""')
      .replace(/\n---\n\n#/, `\ncompleted_at: ${completed}\n---\n\n#`),
  )
  expect(queue.leftovers()).toEqual([])
  return queue.path(name)
}

function expectUnmoved(queue: Queue, before: string, name = 'WRK-1'): void {
  expect(queue.read(name)).toBe(before)
  expect(queue.exists(`archive/${MONTH}`)).toBe(false)
  expect(queue.leftovers()).toEqual([])
}

describe('when all reviewers pass', () => {
  test('with --json stdout holds one object alone; what they write goes to stderr', async () => {
    const queue = reviewers({ claude: 0 })
    const result = await queue.run(['review', 'WRK-1', '--no-archive', '--json', '--', 'echo', 'words'])
    expect(result.stdout).toMatch(/^\{.*\}\n$/)
    expect(result.stderr).toBe('words\n')
  })

  test('the item is archived and free, by one event', async () => {
    const queue = reviewers({ claude: 0, codex: 0 })
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run('review WRK-1 --provider codex --provider claude --json')
    expect(code).toBe(0)
    expect(order(queue)).toEqual(['codex:codex', 'claude:claude'])
    const path = expectArchived(queue, before)
    expect(json).toMatchObject({
      ok: true,
      exit_code: 0,
      archived: true,
      released: true,
      superseded: null,
      item: { id: 'WRK-1', path, status: 'archived' },
    })
    expect(json.steps.map((step: Json) => [step.provider, step.exit_code])).toEqual([
      ['codex', 0],
      ['claude', 0],
    ])
    expect(eventTypes(queue)).toEqual(['granted', 'archived'])
    expect(queue.session('tester')).toMatchObject({ claims: [], active_wrk: null })
    expect((await queue.run('heartbeat')).code).toBe(0)
  })

  test('and people see where it went', async () => {
    const queue = reviewers({ claude: 0 })
    const { stdout, stderr } = await queue.run('review WRK-1 --provider claude')
    expect([stdout, stderr]).toEqual([
      '',
      `wrk: archived WRK-1  ${queue.path(`archive/${MONTH}/WRK-1.md`)}\n`,
    ])
  })

  test.each(['done', 'complete', 'merged'])('an item with the status %s is reviewed too', async status => {
    const before = item('WRK-1', { status })
    const queue = reviewers({ claude: 0 }, { 'done/WRK-1.md': before })
    expect((await queue.run('review WRK-1 --provider claude')).code).toBe(0)
    expectArchived(queue, before, 'done/WRK-1.md')
  })

  test('no plan is asked for', async () => {
    const queue = reviewers({ claude: 0 }, { 'WRK-1': item('WRK-1', { plan_approved: 'false' }) })
    expect((await queue.run('review WRK-1 --provider claude')).code).toBe(0)
  })

  test('the holder’s own claim ends with it', async () => {
    const queue = reviewers({ claude: 0 })
    await queue.run('claim WRK-1')
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run('review WRK-1 --provider claude --json')
    expect([code, json.kind, json.released]).toEqual([0, 'renewed', true])
    expectArchived(queue, before)
    expect(queue.session('tester')).toMatchObject({ claims: [], active_wrk: null })
  })

  test('a helper’s does too', async () => {
    const queue = reviewers({ claude: 0 })
    const before = queue.read('WRK-1')
    expect((await queue.run('review WRK-1 --agent helper --provider claude')).code).toBe(0)
    expectArchived(queue, before)
  })

  test('--no-archive leaves it where it is, free', async () => {
    const queue = reviewers({ claude: 0 })
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run('review WRK-1 --provider claude --no-archive --json')
    expect([code, json.archived, json.released]).toEqual([0, false, true])
    expectUnmoved(queue, before)
    expect(eventTypes(queue)).toEqual(['granted', 'released'])
  })

  test('a reviewer may have noted things in the item, or archived it', async () => {
    const queue = makeQueue(['WRK-1'])
    const noted = await queue.run([
      'review',
      'WRK-1',
      '--no-archive',
      '--',
      'wrk',
      'set',
      'WRK-1',
      'priority=high',
    ])
    expect(noted.code).toBe(0)
    expectUnmoved(queue, item('WRK-1', { priority: 'high' }))
    const archived = await queue.run(['review', 'WRK-1', '--', 'wrk', 'archive', 'WRK-1'])
    expect(archived.code).toBe(0)
    expectArchived(queue, item('WRK-1', { priority: 'high' }))
    expect(eventTypes(queue).filter(type => type === 'archived')).toHaveLength(1)
  })
})

describe('when a reviewer fails', () => {
  test('the others still run, the first failure’s exit code is passed on, and the item is free where it was', async () => {
    const queue = reviewers({ claude: 0, codex: 9, gemini: 7, own: 0 })
    const before = queue.read('WRK-1')
    const names = ['claude', 'codex', 'gemini', 'own']
    const { code, json } = await queue.run(
      `review WRK-1 ${names.map(name => `--provider ${name}`).join(' ')} --json`,
    )
    expect(code).toBe(9)
    expect(order(queue)).toEqual(names.map(name => `${name}:${name}`))
    expect(json).toMatchObject({
      ok: false,
      archived: false,
      released: true,
      exit_code: 9,
      error: { code: 'FAILED' },
    })
    expect(json.error.message).toContain('(codex) ended with exit code 9')
    expect(json.steps.map((step: Json) => step.exit_code)).toEqual([0, 9, 7, 0])
    expectUnmoved(queue, before)
    expect(eventTypes(queue)).toEqual(['granted', 'released'])
  })

  test.each([
    ['killed with -9', ['bash', '-c', 'kill -KILL $$'], 137],
    ['not there', ['no-such-program-here'], 127],
  ])('because it is %s, that is a failure too', async (_, command, code) => {
    const queue = makeQueue({ 'done/WRK-1.md': item('WRK-1', { status: 'done' }) })
    expect((await queue.run(['review', 'WRK-1', '--', ...command])).code).toBe(code)
    expectUnmoved(queue, item('WRK-1', { status: 'done' }), 'done/WRK-1.md')
  })

  test('what the session held before stays held', async () => {
    const queue = reviewers({ claude: 3 })
    await queue.run('claim WRK-1')
    expect((await queue.run('review WRK-1 --provider claude')).code).toBe(3)
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect(queue.leftovers()).toEqual([])
  })
})

describe('a signal', () => {
  test('ends the review: what is left is not run, the item is free where it was', async () => {
    const queue = reviewers({ claude: 0 })
    const before = queue.read('WRK-1')
    queue.write('../first.sh', `${NOTES}say up $$; exec sleep 600`)
    queue.write('wrk.yaml', `${queue.read('wrk.yaml')}  first: [bash, first.sh]\n`)
    const running = startWatched(queue, 'review WRK-1 --provider first --provider claude --json')
    await heard(queue, 'up')
    process.kill(running.pid, 'SIGTERM')
    const { code, json } = await running.end
    expect([code, json.steps.length, json.steps[0].signal]).toEqual([143, 1, 'SIGTERM'])
    expect(order(queue)).toEqual([])
    expectUnmoved(queue, before)
  })

  test('that the last reviewer outlives, and passes, does not archive', async () => {
    const queue = makeQueue(['WRK-1'])
    const script = 'trap "exit 0" TERM; say up; while :; do sleep 0.02; done'
    const running = startWatched(queue, ['review', 'WRK-1', '--json', '--', ...bash(script)])
    await heard(queue, 'up')
    process.kill(running.pid, 'SIGTERM')
    const { code, json } = await running.end
    expect([code, json.steps[0].exit_code, json.archived]).toEqual([143, 0, false])
    expect(json.error.message).toBe('interrupted')
    expectUnmoved(queue, item('WRK-1'))
  })

  test.skipIf(!haveTerminals())('by Ctrl-C in a terminal is exit 130', async () => {
    const queue = makeQueue(['WRK-1'])
    const terminal = await openTerminal(queue)
    const ended = terminal.run(
      `wrk review WRK-1 -- node -e 'require("fs").writeFileSync("up", "."); setInterval(() => {}, 1000)'`,
    )
    await heard(queue, 'up')
    terminal.press('\x03')
    expect((await ended).code).toBe(130)
    expectUnmoved(queue, item('WRK-1'))
  })

  test('kill -9 of wrk itself: the next review takes over and archives', async () => {
    const queue = makeQueue(['WRK-1'])
    const running = startWatched(
      queue,
      ['review', 'WRK-1', '--', ...bash('say up; while :; do sleep 0.05; done')],
      {
        session: 'first',
      },
    )
    await heard(queue, 'up')
    process.kill(running.pid, 'SIGKILL')
    await gone(running.pid)
    const before = queue.read('WRK-1')
    const { code, stderr } = await queue.run('review WRK-1 -- true', { session: 'second' })
    expect(code).toBe(0)
    expect(stderr).toContain('took over WRK-1 from first')
    expectArchived(queue, before)
  })
})

describe('a review is refused', () => {
  test.each<[string, string, number, string]>([
    [
      'with an unknown reviewer, before the item',
      'review WRK-9 --provider claude --provider nobody',
      2,
      'nobody',
    ],
    ['of an item that is not there', 'review WRK-9 --provider claude', 1, 'WRK-9'],
    ['without a reviewer', 'review WRK-1', 2, 'missing reviewer'],
    [
      'with a reviewer that nothing says how to run',
      'review WRK-1 --provider gemini',
      2,
      'no command to review',
    ],
    ['by all, and by some', 'review WRK-1 --all-providers --provider claude', 2, 'exclude each other'],
    ['of an invalid id', 'review ../WRK-1 --provider claude', 2, 'not an item id'],
    ['with words in front of --', 'review WRK-1 true', 2, 'too many arguments'],
  ])('%s', async (_, args, code, says) => {
    const queue = reviewers({ claude: 0 })
    const result = await queue.run(`${args} --json`)
    expect([result.code, result.json.ok]).toEqual([code, false])
    expect(result.json.error.message).toContain(says)
    expect(order(queue)).toEqual([])
    expectUnmoved(queue, item('WRK-1'))
  })

  test.each([
    ['archived already', { 'archive/2026-01/WRK-1.md': item('WRK-1', { status: 'archived' }) }, 'CLOSED', 5],
    ['unreadable', { 'WRK-1': '---\nid: WRK-1\ntitle: [unclosed\n---\n' }, 'INVALID_ITEM', 5],
  ])('of an item that is %s', async (_, items, error, exit) => {
    const queue = reviewers({ claude: 0 }, items)
    const { code, json } = await queue.run('review WRK-1 --provider claude --json')
    expect([code, json.error.code, order(queue)]).toEqual([exit, error, []])
    expect(queue.leftovers()).toEqual([])
  })

  test('of an item that another holds, exit 4; the refusal is logged', async () => {
    const before = heldItem('WRK-1', 'other', new Date())
    const others = registry([{ id: 'other', heartbeat_at: new Date() }])
    const queue = reviewers({ claude: 0 }, { 'WRK-1': before, 'session-state.yaml': others })
    const { code, json } = await queue.run('review WRK-1 --provider claude --json')
    expect([code, json.holder.session_id, order(queue)]).toEqual([4, 'other', []])
    expect(queue.events().at(-1)).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('review: '),
    })
    expectUnmoved(queue, before)
  })

  test('by --all-providers of a queue that has none, whatever the item says', async () => {
    const queue = makeQueue({ 'WRK-1': item('WRK-1', { provider: 'claude' }) })
    const { code, stderr } = await queue.run('review WRK-1 --all-providers')
    expect(code).toBe(2)
    expect(stderr).toContain('no reviewer')
  })
})

test('the reviewers are those of --all-providers, else the item’s own', async () => {
  const queue = reviewers({ claude: 0, codex: 0 }, { 'WRK-1': item('WRK-1', { provider: 'codex' }) })
  const script = join(queue.home, 'scripts', 'agents', 'providers', 'own.sh')
  mkdirSync(join(script, '..'), { recursive: true })
  writeFileSync(script, '#!/bin/bash\necho "own:$1:$2" >>"$HOME/order"\n')
  chmodSync(script, 0o755)
  expect((await queue.run('review WRK-1 --no-archive')).code).toBe(0)
  expect(order(queue)).toEqual(['codex:codex'])
  expect((await queue.run('review WRK-1 --no-archive --all-providers')).code).toBe(0)
  expect(order(queue).slice(1)).toEqual(['claude:claude', 'codex:codex', `own:review:${queue.path('WRK-1')}`])
})

test('an item that is taken over meanwhile is not archived: exit 4, who, when and why', async () => {
  const queue = makeQueue(['WRK-1'])
  const command = bash('wrk claim WRK-1 --session other --force --reason urgent >&2; exit 0')
  const { code, json, stderr } = await queue.run(['review', 'WRK-1', '--json', '--', ...command])
  expect(code).toBe(4)
  expect(json).toMatchObject({ ok: false, archived: false, released: false })
  expect(json.superseded).toMatchObject({ by: 'other', at: queue.lock('WRK-1').at, reason: 'forced: urgent' })
  expect(stderr).not.toContain('bug')
  expect(queue.lock('WRK-1').by).toBe('other')
  expect(queue.leftovers()).toEqual([])
})

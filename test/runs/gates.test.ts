/** What `wrk execute` checks before it runs anything, in its order, each with its exit code. */
import { existsSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { bash, noteOf, startWatched } from '../support/notes.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue, Queue } from '../support/queue.ts'
import { orphaned } from '../support/terminals/agents.ts'
import { execute, expectUntouched, ready, readyQueue } from './execute.shared.ts'

describe('the gates are asked in order, each with its exit code:', () => {
  const held = (fields: Record<string, string> = {}) => heldItem('WRK-1', 'other', new Date(), fields)
  const alive = 'session_id: ""\nsessions:\n  - session_id: "other"\n    anchor: null\n'

  test.each<
    [gate: string, items: Record<string, string>, args: string, code: number, error: string, says: string]
  >([
    [
      'an unknown provider, before an item that is not there',
      {},
      'execute WRK-1 --provider nobody',
      2,
      'USAGE',
      'nobody',
    ],
    ['an unknown provider, before an invalid id', {}, 'execute ../x --provider nobody', 2, 'USAGE', 'nobody'],
    ['an invalid id, before the item', {}, 'execute ../x --provider claude', 2, 'USAGE', 'not an item id'],
    [
      'an item that is not there, before plan and session',
      {},
      'execute WRK-1 --provider claude',
      1,
      'NOT_FOUND',
      'WRK-1',
    ],
    [
      'the item’s own provider, unknown, before the plan',
      { 'WRK-1': held({ provider: 'somebody' }) },
      'execute WRK-1 --provider claude',
      2,
      'USAGE',
      'somebody',
    ],
    [
      'no provider at all, before the plan',
      { 'WRK-1': held() },
      'execute WRK-1',
      2,
      'USAGE',
      'missing provider',
    ],
    [
      'a provider that nothing says how to run, before the plan',
      { 'WRK-1': held({ provider: 'gemini' }) },
      'execute WRK-1',
      2,
      'USAGE',
      'no command to execute with gemini',
    ],
    [
      'no approved plan, before the session',
      { 'WRK-1': held() },
      'execute WRK-1 --provider claude',
      3,
      'PLAN_GATE',
      'plan_approved is not set',
    ],
    [
      'no session, before the claim',
      { 'WRK-1': held({ plan_approved: 'true' }) },
      'execute WRK-1 --provider claude',
      2,
      'USAGE',
      'WRK_SESSION_ID',
    ],
  ])('%s', async (_, items, args, code, error, says) => {
    const queue = makeQueue({ 'session-state.yaml': alive, ...items })
    const before = items['WRK-1']
    const command = ['--', ...bash('say ran')]
    // Neither a session, for the last gate but one, nor a claim could be had.
    const result = await queue.run(
      [...args.split(' '), '--json', ...(says.startsWith('no command') ? [] : command)],
      {
        session: 'no session id',
      },
    )
    expect([result.code, result.json.ok, result.json.error.code]).toEqual([code, false, error])
    expect(result.json.error.message).toContain(says)
    if (before) expectUntouched(queue, before)
    expect(existsSync(noteOf(queue, 'ran'))).toBe(false)
    expect(queue.read('session-state.yaml')).toBe(alive)
    expect(queue.exists('.wrk/events.jsonl')).toBe(false)
  })

  test('a call that belongs to no session, exit 2; nothing is changed', async context => {
    const queue = readyQueue()
    const before = queue.read('WRK-1')
    for (const command of [
      'execute WRK-1 --provider claude',
      'review WRK-1',
      'archive WRK-1',
      'set WRK-1 a=b',
    ]) {
      const behind = /execute|review/.test(command) ? ' -- touch ran' : ''
      const { code, json } = await orphaned(context, queue, `wrk ${command} --json${behind}`)
      expect([command, code, json.error?.code]).toEqual([command, 2, 'NO_SESSION'])
    }
    expectUntouched(queue, before)
    expect(existsSync(noteOf(queue, 'ran'))).toBe(false)
    expect(queue.exists('session-state.yaml')).toBe(false)
    expect(queue.events()).toEqual([])
  })

  test('an item that another holds, exit 4, who and why; the refusal is logged', async () => {
    const before = heldItem('WRK-1', 'other', new Date(), { plan_approved: 'true' })
    const queue = makeQueue({ 'WRK-1': before, 'session-state.yaml': alive })
    const { code, json } = await queue.run(['--json', ...execute(...bash('say ran'))])
    expect([code, json.error.code, json.holder.session_id]).toEqual([4, 'LOCKED', 'other'])
    expectUntouched(queue, before)
    expect(existsSync(noteOf(queue, 'ran'))).toBe(false)
    expect(queue.events().at(-1)).toMatchObject({
      type: 'refused',
      item: 'WRK-1',
      session: 'tester',
      previous_holder: 'other',
      reason: expect.stringContaining('execute: '),
    })
  })

  test.each([
    ['done', { 'done/WRK-1.md': ready('WRK-1', { status: 'done' }) }, 'CLOSED'],
    ['unreadable', { 'WRK-1': '---\nid: WRK-1\ntitle: [unclosed\n---\n' }, 'INVALID_ITEM'],
    ['ambiguous', { 'WRK-1': ready(), 'done/WRK-1.md': ready() }, 'AMBIGUOUS'],
  ])('an item that is %s is exit 5', async (_, items, error) => {
    const queue = makeQueue(items)
    const { code, json } = await queue.run(['--json', ...execute('touch', noteOf(queue, 'ran'))])
    expect([code, json.error.code]).toEqual([5, error])
    expect(existsSync(noteOf(queue, 'ran'))).toBe(false)
    expect(queue.leftovers()).toEqual([])
  })

  test('a closed item is refused with advice that this command can follow', async () => {
    const queue = makeQueue({ 'done/WRK-1.md': ready('WRK-1', { status: 'done' }) })
    const { hint } = (await queue.run(['--json', ...execute('true')])).json.error
    expect(hint).toBe('Reopen it: wrk reopen WRK-1')
    expect((await queue.run('claim WRK-1 --json')).json.error.hint).toContain('--force --reason TEXT')
    expect((await queue.run('reopen WRK-1')).code).toBe(0)
    expect((await queue.run(execute('true'))).code).toBe(0)
  })

  test('words without -- are a mistake, also beside a command that is behind it', async () => {
    const queue = readyQueue()
    for (const args of [
      'execute WRK-1 --provider claude true',
      'execute WRK-1 --provider claude touch -- true',
    ]) {
      const { code, stderr } = await queue.run(args)
      expect([args, code]).toEqual([args, 2])
      expect(stderr).toContain('too many arguments')
    }
    expect(queue.exists('session-state.yaml')).toBe(false)
  })
})

describe('the plan gate', () => {
  test.each([
    ['plan_approved: true', 0],
    ['plan_approved: "true"', 0],
    ['plan_approved: True', 0],
    ['plan_approved: false', 3],
    ['plan_approved: yes', 3],
    ['plan_approved: [true]', 3],
    ['plan_approved: ""', 3],
    ['plan_approved:', 3],
    ['planned: true', 3],
  ])('with %j gives %d', async (line, code) => {
    const before = item('WRK-1').replace('related: []', line)
    const queue = makeQueue({ 'WRK-1': before })
    const result = await queue.run(execute('true'))
    expect(result.code).toBe(code)
    if (code === 3) expect(result.stderr).toContain('wrk set WRK-1 plan_approved=true')
    expectUntouched(queue, before)
  })

  const byGate = 'gates:\n  plan_reviewed: [moderate, complex]\n  spec_ref: complex\n'
  const byComplexity = 'gates:\n  moderate: [plan_reviewed]\n  complex: [plan_reviewed, spec_ref]\n'
  const forAll = 'gates:\n  plan_reviewed: true\n  spec_ref: [all]\n'
  test.each<[string, Record<string, string>, string[]]>([
    [byGate, { complexity: 'simple' }, []],
    [byGate, {}, []],
    [byGate, { complexity: 'moderate' }, ['plan_reviewed']],
    [byGate, { complexity: 'Complex' }, ['plan_reviewed', 'spec_ref']],
    [byGate, { complexity: 'complex', plan_reviewed: 'true' }, ['spec_ref']],
    [byGate, { complexity: 'complex', plan_reviewed: 'true', spec_ref: '""' }, ['spec_ref']],
    [byGate, { complexity: 'complex', plan_reviewed: 'true', spec_ref: 'specs/1.md' }, []],
    [byComplexity, { complexity: 'simple' }, []],
    [byComplexity, { complexity: 'moderate', plan_reviewed: 'false' }, ['plan_reviewed']],
    [byComplexity, { complexity: 'complex', spec_ref: 'specs/1.md' }, ['plan_reviewed']],
    [byComplexity, { complexity: 'complex', plan_reviewed: 'true', spec_ref: 'specs/1.md' }, []],
    [forAll, {}, ['plan_reviewed', 'spec_ref']],
    [forAll, { plan_reviewed: 'true', spec_ref: 'specs/1.md' }, []],
  ])('of wrk.yaml: %j with %j lacks %j', async (settings, fields, missing) => {
    const queue = makeQueue({ 'WRK-1': ready('WRK-1', fields), 'wrk.yaml': settings })
    const before = queue.read('WRK-1')
    const { code, json } = await queue.run(['--json', ...execute('true')])
    expect(code).toBe(missing.length > 0 ? 3 : 0)
    const missed: string[] = json.error?.missing ?? []
    expect(missed.map(sentence => sentence.split(' ')[0])).toEqual(missing)
    expectUntouched(queue, before)
  })

  test('is asked again of what the item says when it is claimed', async () => {
    const queue = readyQueue()
    // Nobody knows whose guard this is, so it is waited for.
    queue.write('.wrk/guards/wrk-1/somebody', '')
    const running = startWatched(queue, ['--json', ...execute(...bash('say ran'))])
    await until('it has passed the gates before the claim', () => queue.exists('session-state.yaml'))
    queue.write('WRK-1', item('WRK-1'))
    rmSync(queue.path('.wrk/guards/wrk-1'), { recursive: true })
    const { code, json } = await running.end
    expect([code, json.error.code]).toEqual([3, 'PLAN_GATE'])
    expectUntouched(queue, item('WRK-1'))
    expect(existsSync(noteOf(queue, 'ran'))).toBe(false)
  })

  test.each([
    ['ttl: 2h\nproviders: claude\n', '2:1', 'providers'],
    ['providers:\n  claude: claude -p\n', '2:3', 'providers.claude'],
    ['providers:\n  claude: []\n', '2:3', 'providers.claude'],
    ['providers:\n  claude: { run: [x] }\n', '2:3', 'providers.claude'],
    ['providers:\n  "a/b": [x]\n', '2:3', 'providers.a/b'],
    ['# gates\ngates: [spec_ref]\n', '2:1', 'gates'],
    ['gates:\n  plan_reviewed: [complex]\n  speed: [high]\n', '3:3', 'gates.speed'],
    ['gates:\n  plan_reviewed: { a: b }\n', '2:3', 'gates.plan_reviewed'],
    ['gates: {\n', '2:1', ''],
  ])('refuses a wrk.yaml like %j, exit 2 with its place %s', async (settings, place, key) => {
    const queue = makeQueue({ 'WRK-1': ready(), 'wrk.yaml': settings })
    const { code, json } = await queue.run(['--json', ...execute('true')])
    expect([code, json.error.code]).toEqual([2, 'USAGE'])
    expect(json.error.message).toContain(`${queue.path('wrk.yaml')}:${place}: ${key}`)
    expect(queue.leftovers()).toEqual([])
  })
})

describe('wrk gates', () => {
  test('lists the gates in order with their exit codes, without a queue too', async () => {
    const home = tempFolder()
    const queue = new Queue(home)
    const { code, json } = await queue.run('gates --json', { env: { WRK_QUEUE: '' } })
    expect(code).toBe(0)
    expect(
      json.gates.map(({ gate, exit_code }: { gate: string; exit_code: number }) => [gate, exit_code]),
    ).toEqual([
      ['provider', 2],
      ['item', 1],
      ['plan', 3],
      ['session', 2],
      ['claim', 4],
    ])
    const { stdout } = await queue.run('gates', { env: { WRK_QUEUE: '' } })
    for (const { gate, asks } of json.gates)
      expect(stdout).toMatch(new RegExp(`\\d  ${gate} +${asks.slice(0, 20)}`))
    expect(stdout).toContain('Exit codes:')
    expect(stdout).toContain(json.exit_codes)
  })
})

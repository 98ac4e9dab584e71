/** `wrk execute`: the gates in their order, the command under the claim, and the claim given back whatever happens. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { processFacts } from '../../src/system/processes/process.ts'
import { until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { bash, heard, NOTES, note, noteOf, startWatched } from '../support/notes.ts'
import { finished, gone, start, tempFolder } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue, Queue } from '../support/queue.ts'
import { orphaned } from '../support/terminals/agents.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'
import { execute, expectUntouched, LISTENER, passOn, ready, readyQueue, signalsOf } from './execute.shared.ts'

/** Starts a script of bash that finds `wrk` and the queue. */
function startShell(queue: Queue, script: string): ReturnType<typeof start> {
  const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' })
  return start('bash', ['-c', NOTES + script], { cwd: queue.home, env })
}

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
    [
      'an unknown provider, before an id that is none',
      {},
      'execute ../x --provider nobody',
      2,
      'USAGE',
      'nobody',
    ],
    [
      'an id that is none, before the item',
      {},
      'execute ../x --provider claude',
      2,
      'USAGE',
      'not an item id',
    ],
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
    const told: string[] = json.error?.missing ?? []
    expect(told.map(sentence => sentence.split(' ')[0])).toEqual(missing)
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

describe('what is run', () => {
  /** A queue whose providers leave their names, one after another. */
  const manyProviders = (fields: Record<string, string>, failing = '') => {
    const names = ['claude', 'codex', 'gemini', 'own']
    const queue = readyQueue(fields)
    const line = (name: string) =>
      `  ${name}: [bash, -c, 'echo ${name}:$WRK_PROVIDER:$WRK_PHASE >>"$HOME/order"; ${name === failing ? 'exit 9' : 'exit 0'}']\n`
    queue.write('wrk.yaml', `providers:\n${names.map(line).join('')}`)
    const order = () =>
      existsSync(noteOf(queue, 'order'))
        ? readFileSync(noteOf(queue, 'order'), 'utf8').trim().split('\n')
        : []
    return { queue, order }
  }

  test('the item’s own provider goes before the flag', async () => {
    const { queue, order } = manyProviders({ provider: 'codex' })
    expect((await queue.run('execute WRK-1 --provider claude')).code).toBe(0)
    expect(order()).toEqual(['codex:codex:'])
  })

  test.each([
    ['gemini', ['codex:codex:', 'gemini:gemini:']],
    ['[gemini, own]', ['codex:codex:', 'gemini:gemini:', 'own:own:']],
    ['"gemini, own"', ['codex:codex:', 'gemini:gemini:', 'own:own:']],
    ['codex', ['codex:codex:']],
    ['[]', ['codex:codex:']],
    ['""', ['codex:codex:']],
  ])('provider_alt: %s is run after it', async (alt, wanted) => {
    const { queue, order } = manyProviders({ provider: 'codex', provider_alt: alt })
    const { code, json } = await queue.run('execute WRK-1 --json')
    expect(code).toBe(0)
    expect(order()).toEqual(wanted)
    expect(json.steps.map((step: { provider: string }) => step.provider)).toEqual(
      wanted.map(line => line.split(':')[0]),
    )
  })

  test('provider_alt is not run when the first has failed; that exit code is passed on', async () => {
    const { queue, order } = manyProviders({ provider: 'codex', provider_alt: 'gemini' }, 'codex')
    const before = queue.read('WRK-1')
    expect((await queue.run('execute WRK-1')).code).toBe(9)
    expect(order()).toEqual(['codex:codex:'])
    expectUntouched(queue, before)
  })

  test('an unknown provider_alt is found before anything runs', async () => {
    const { queue, order } = manyProviders({ provider: 'codex', provider_alt: 'nobody' })
    const { code, stderr } = await queue.run('execute WRK-1')
    expect([code, order()]).toEqual([2, []])
    expect(stderr).toContain('nobody')
  })

  test('a command behind -- is run once, whatever providers there are', async () => {
    const { queue, order } = manyProviders({ provider: 'codex', provider_alt: 'gemini' })
    const { code, json } = await queue.run(['execute', 'WRK-1', '--json', '--', 'true'])
    expect([code, order(), json.steps]).toEqual([
      0,
      [],
      [{ provider: 'codex', argv: ['true'], exit_code: 0, signal: null }],
    ])
  })

  test.each([
    ['1', 'gemini:gemini:1'],
    ['phase_1', 'gemini:gemini:phase_1'],
    ['docs', 'own:own:docs'],
  ])('--phase %s dispatches that phase’s agent alone', async (phase, wanted) => {
    const { queue, order } = manyProviders({
      provider: 'codex',
      provider_alt: 'claude',
      task_agents: '{ phase_1: gemini, docs: own }',
    })
    expect((await queue.run(`execute WRK-1 --phase ${phase}`)).code).toBe(0)
    expect(order()).toEqual([wanted])
  })

  test('a phase without an agent is exit 2 and names those that have one', async () => {
    const { queue, order } = manyProviders({
      provider: 'codex',
      task_agents: '{ phase_1: gemini, docs: own }',
    })
    for (const phase of ['2', 'toString', '__proto__']) {
      const { code, stderr } = await queue.run(`execute WRK-1 --phase ${phase}`)
      expect([code, order()]).toEqual([2, []])
      expect(stderr).toContain('phase_1, docs')
    }
    expect(queue.leftovers()).toEqual([])
  })

  test('a provider of wrk.yaml is an argument list: no shell, whatever is in path and arguments', async () => {
    const home = tempFolder()
    const queue = new Queue(home)
    Object.assign(queue, { root: join(home, 'my $(touch pwned) `touch pwned` queue') })
    const name = 'pending/WRK-1 $(touch pwned); touch pwned.md'
    queue.write(name, ready())
    queue.write('working/.keep', '')
    queue.write('../args.cjs', 'console.log(JSON.stringify(process.argv.slice(2)))')
    queue.write(
      'wrk.yaml',
      'providers:\n  own: [node, args.cjs, "{id}", "{file}", "--at={file}:{action}", $(touch pwned), "{other}", ""]\n',
    )
    const { code, stdout } = await queue.run('execute WRK-1 --provider own')
    expect(code).toBe(0)
    const file = queue.path(name)
    expect(JSON.parse(stdout)).toEqual([
      'WRK-1',
      file,
      `--at=${file}:execute`,
      '$(touch pwned)',
      '{other}',
      '',
    ])
    expect(existsSync(join(home, 'pwned'))).toBe(false)
    expectUntouched(queue, ready(), name)
  })

  test('wrk.yaml may say apart how to execute and how to review', async () => {
    const queue = readyQueue()
    queue.write(
      'wrk.yaml',
      'providers:\n  own: { execute: [echo, doing, "{id}"], review: [echo, looking] }\n',
    )
    expect((await queue.run('execute WRK-1 --provider own')).stdout).toBe('doing WRK-1\n')
    expect((await queue.run('review WRK-1 --provider own')).stdout).toBe('looking\n')
  })

  test('a provider that wrk.yaml does not name is a script of the workspace', async () => {
    const home = tempFolder()
    const queue = new Queue(home)
    Object.assign(queue, { root: join(home, 'work space', '.claude', 'work-queue') })
    queue.write('WRK-1', ready())
    const script = join(home, 'work space', 'scripts', 'agents', 'providers', 'own.sh')
    mkdirSync(join(script, '..'), { recursive: true })
    mkdirSync(join(home, 'work space', 'deep', 'down'), { recursive: true })
    writeFileSync(script, '#!/bin/bash\nprintf "%s\\n" "$#" "$@" "$PWD" "$WRK_QUEUE"\nexit 3\n')
    const cwd = join(home, 'work space', 'deep', 'down')
    const from = { cwd, env: { WRK_QUEUE: '' } }

    const unexecutable = await queue.run('execute WRK-1 --provider own', from)
    expect(unexecutable.code).toBe(126)
    expect(unexecutable.stderr).toContain(script)
    chmodSync(script, 0o755)
    const { code, stdout } = await queue.run('execute WRK-1 --provider own', from)
    expect(code).toBe(3)
    expect(stdout.split('\n')).toEqual(['2', 'execute', queue.path('WRK-1'), cwd, queue.root, ''])
    // What wrk.yaml says goes before the script.
    queue.write('wrk.yaml', 'providers:\n  own: [echo, listed]\n')
    expect((await queue.run('execute WRK-1 --provider own', from)).stdout).toBe('listed\n')
  })

  test('the command gets its arguments as they are, and learns what it works on', async () => {
    const queue = readyQueue()
    const script =
      'printf "%s\\n" "$@" "$WRK_ID" "$WRK_FILE" "$WRK_QUEUE" "$WRK_SESSION_ID" "$WRK_RUN_ID" "$MORE"'
    const args = ['--json', '--wait', 'WRK-2', '--', 'a b', '$HOME', '']
    const { code, stdout } = await queue.run(
      [
        'execute',
        '1',
        '--provider',
        'claude',
        '--agent',
        'helper',
        '--',
        'bash',
        '-c',
        script,
        'name',
        ...args,
      ],
      { env: { MORE: 'more' }, session: 'me' },
    )
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      ...args,
      'WRK-1',
      queue.path('WRK-1'),
      queue.root,
      'me',
      expect.stringMatching(/^run-\d{8}T\d{6}Z-[0-9a-z]{6}$/),
      'more',
      '',
    ])
  })

  test('what wrk is asked by the command acts as the session, by that run', async () => {
    const queue = readyQueue()
    const { stdout } = await queue.run(
      [
        'execute',
        'WRK-1',
        '--session',
        'given',
        '--provider',
        'claude',
        '--',
        ...bash('wrk session id; wrk claim WRK-1 | head -1'),
      ],
      { env: { CODEX_THREAD_ID: 'another' } },
    )
    expect(stdout).toBe('given\nRenewed WRK-1  What WRK-1 is about\n')
    expect(queue.lock('WRK-1').by).toBe('')
  })
})

describe('the exit code of the command is passed on, and the item released:', () => {
  test.each([
    ['/no/such', 127, 'there is no such program'],
    ['/etc/passwd', 126, 'permission denied'],
  ])('%s cannot be started, which a message explains', async (program, exit, why) => {
    const { code, stderr } = await readyQueue().run(execute(program))
    expect(code).toBe(exit)
    expect(stderr).toContain(`wrk: warning: "${program}" could not be started: ${why}\n`)
  })

  test.each<[string, string[], number, string | null]>([
    ['success', ['true'], 0, null],
    ['failure', ['bash', '-c', 'exit 7'], 7, null],
    ['a program that is not there', ['no-such-program-here'], 127, null],
    ['SIGTERM', ['bash', '-c', 'kill -TERM $$'], 143, 'SIGTERM'],
    ['kill -9', ['bash', '-c', 'kill -KILL $$'], 137, 'SIGKILL'],
    ['an abort', ['bash', '-c', 'ulimit -c 0; kill -ABRT $$'], 134, 'SIGABRT'],
  ])('%s', async (_, command, code, signal) => {
    const queue = readyQueue()
    const before = queue.read('WRK-1')
    const { code: exit, json } = await queue.run(['--json', ...execute(...command)])
    expect(exit).toBe(code)
    expect(json).toMatchObject({
      ok: code === 0,
      exit_code: code,
      kind: 'granted',
      released: true,
      superseded: null,
      item: { id: 'WRK-1', path: queue.path('WRK-1') },
      steps: [{ provider: 'claude', argv: command, exit_code: code, signal }],
    })
    if (code !== 0) expect(json.error.code).toBe('FAILED')
    expectUntouched(queue, before)
    expect(
      queue
        .events()
        .filter(({ item }) => item)
        .map(({ type }) => type),
    ).toEqual(['granted', 'released'])
    expect(queue.session('tester')).toMatchObject({ claims: [], active_wrk: null })
  })

  test('--keep keeps the claim, after a failure too, and it outlives the next run', async () => {
    const queue = readyQueue()
    expect(
      (await queue.run(['execute', 'WRK-1', '--keep', '--provider', 'claude', '--', 'false'])).code,
    ).toBe(1)
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect(queue.leftovers()).toEqual([])
    expect((await queue.run(execute('true'))).code).toBe(0)
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect(queue.leftovers()).toEqual([])
    expect((await queue.run('release WRK-1')).code).toBe(0)
    expect(queue.read('WRK-1')).toBe(ready())
  })

  test.each([
    ['success', 'exit 0', 0],
    ['failure', 'exit 7', 7],
    ['a signal', 'kill -KILL $$', 137],
  ])('but what the session held by hand stays held after %s', async (_, script, code) => {
    const queue = readyQueue()
    await queue.run('claim WRK-1')
    const { at } = queue.lock('WRK-1')
    const result = await queue.run(['--json', ...execute('bash', '-c', script)])
    expect([result.code, result.json.kind, result.json.released]).toEqual([code, 'renewed', false])
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect(Date.parse(queue.lock('WRK-1').at!)).toBeGreaterThanOrEqual(Date.parse(at!))
    expect(queue.leftovers()).toEqual([])
    expect(queue.session('tester').active_wrk).toBe('WRK-1')
  })

  test('what the command released and claimed again by hand stays with the session, and a message says so', async () => {
    const queue = readyQueue()
    const { code, stderr } = await queue.run(execute(...bash('wrk release WRK-1 && wrk claim WRK-1')))
    expect(code).toBe(0)
    expect(stderr).toContain('stays held')
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect(queue.leftovers()).toEqual([])
  })

  test('a registry that was lost meanwhile does not keep it from that', async () => {
    const queue = readyQueue()
    expect((await queue.run(execute('rm', queue.path('session-state.yaml')))).code).toBe(0)
    expectUntouched(queue, ready())
  })
})

describe('stdin, stdout and stderr', () => {
  test('are the command’s own', async () => {
    const queue = readyQueue()
    const { code, stdout, stderr } = await queue.run(execute('bash', '-c', 'cat; echo told >&2'), {
      input: 'some input\n',
    })
    expect([code, stdout]).toEqual([0, 'some input\n'])
    expect(stderr).toContain('told\n')
    expect(stderr).toContain('wrk: released WRK-1\n')
  })

  /** Whether a program of that name, started from this queue's home, waits for something. */
  const isWaiting = (queue: Queue, name: string) =>
    readdirSync('/proc').some(pid => {
      try {
        const of = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8')
        return of('stat').includes(`(${name}) S`) && of('environ').includes(`HOME=${queue.home}\0`)
      } catch {
        // No process, another's, or gone by now.
        return false
      }
    })

  test('a pipe with a slow writer can still be waited for', async () => {
    const queue = readyQueue()
    // cat, unlike bash, does not repair a pipe that somebody made non-blocking.
    const slow = 'until test -e "$HOME/go"; do sleep 0.02; done; echo late'
    const running = startShell(queue, `{ ${slow}; } | wrk execute WRK-1 --provider claude -- cat`)
    await until('cat waits for its input', () => isWaiting(queue, 'cat'))
    note(queue, 'go')
    expect(await finished(running)).toMatchObject({ code: 0, stdout: 'late\n' })
  })

  test('with --json stdout holds one object alone; what the command writes goes to stderr', async () => {
    const queue = readyQueue()
    const result = await queue.run(['--json', ...execute('bash', '-c', 'echo out; echo err >&2; exit 5')])
    expect(result.stdout).toMatch(/^\{.*\}\n$/)
    expect(result.json).toMatchObject({ schema_version: 1, ok: false, exit_code: 5 })
    expect(result.stderr).toBe('out\nerr\n')
  })
})
/** One that dies of any. bash would leave some signals to what it runs; this is the program itself. */
const MORTAL = `require('node:fs').writeFileSync('up.tmp', String(process.pid))
require('node:fs').renameSync('up.tmp', 'up')
setInterval(() => {}, 1000)
`

describe('without a terminal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)('a command that dies of %s ends wrk with %d, and the item is free', async (signal, code) => {
    const queue = readyQueue()
    const before = queue.read('WRK-1')
    const running = startWatched(queue, ['--json', ...execute('node', '-e', MORTAL)])
    const child = Number(await heard(queue, 'up'))
    process.kill(running.pid, signal)
    const result = await running.end
    expect([result.code, result.json.steps[0].signal, result.json.released]).toEqual([code, signal, true])
    await gone(child)
    expectUntouched(queue, before)
  })

  test('after a signal what is left to run is not, although the first has ended well', async () => {
    const queue = readyQueue({ provider: 'own', provider_alt: 'other' })
    queue.write(
      'wrk.yaml',
      `providers:\n  own: [bash, first.sh]\n  other: [bash, -c, 'touch "$HOME/second"']\n`,
    )
    queue.write('../first.sh', `${NOTES}trap 'exit 0' TERM; say up $$; while :; do sleep 0.02; done`)
    const running = startWatched(queue, ['execute', 'WRK-1', '--json'])
    await heard(queue, 'up')
    process.kill(running.pid, 'SIGTERM')
    const { code, json } = await running.end
    expect([code, json.ok, json.steps.length]).toEqual([143, false, 1])
    expect(existsSync(noteOf(queue, 'second'))).toBe(false)
    expectUntouched(queue, ready('WRK-1', { provider: 'own', provider_alt: 'other' }))
  })
})

describe.skipIf(!haveTerminals())('in a terminal', () => {
  test('the command has it: stdin, stdout and stderr', async () => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue)
    const screen = await terminal.screen(
      `wrk execute WRK-1 --provider claude -- bash -c 'for fd in 0 1 2; do test -t $fd && echo "$fd is one"; done'`,
    )
    expect(screen).toBe('0 is one\n1 is one\n2 is one\nwrk: released WRK-1\n')
    expect(queue.lock('WRK-1').by).toBe('')
  })

  const listening = `wrk execute WRK-1 --provider claude -- node -e "$LISTENER"`
  test.each([
    ['', listening],
    [' (its stdin is a file)', `${listening} </dev/null`],
    [' (it has left the process group)', listening.replace('node -e', 'setsid node -e')],
  ])('Ctrl-C reaches it once, and wrk does not die before it%s', async (_, command) => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue, { env: { LISTENER } })
    const ended = terminal.run(command)
    const child = Number(await heard(queue, 'up'))
    terminal.press('\x03')
    expect(await heard(queue, 'SIGINT')).toBe('1')
    const wrk = processFacts(child)!.ppid
    await passOn(queue)
    expect(processFacts(wrk)).not.toBeNull()
    expect(processFacts(child)!.ppid).toBe(wrk)
    expect(queue.lock('WRK-1').by).toMatch(/^terminal-/)
    terminal.press('\x03')
    await until('the second has come', () => readFileSync(noteOf(queue, 'SIGINT'), 'utf8') === '2')
    expect(await signalsOf(queue)).toBe('SIGINT SIGINT')
    expect((await ended).code).toBe(7)
    expectUntouched(queue, ready())
  })

  test('Ctrl-C that it dies of is exit 130, and the item is free', async () => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue)
    const ended = terminal.run(
      `wrk execute WRK-1 --provider claude -- bash -c 'echo $$ >"$HOME/up"; exec sleep 600'`,
    )
    const child = Number(await heard(queue, 'up'))
    await until('it sleeps', () => readFileSync(`/proc/${child}/comm`, 'utf8') === 'sleep\n')
    terminal.press('\x03')
    expect((await ended).code).toBe(130)
    await gone(child)
    expectUntouched(queue, ready())
  })

  test('Ctrl-Z stops both, fg lets them go on', async () => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue, { env: { LISTENER } })
    const ended = terminal.run(listening)
    const child = Number(await heard(queue, 'up'))
    terminal.press('\x1a')
    expect((await ended).code).toBe(148)
    await until('it has stopped too', () => processFacts(child)!.state === 'T')
    expect(queue.lock('WRK-1').by).toMatch(/^terminal-/)
    note(queue, 'go')
    expect((await terminal.run('fg')).code).toBe(7)
    expectUntouched(queue, ready())
  })

  test('that is closed, the command is told to end, and the item is free', async () => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue)
    const script = `${NOTES}trap "say hup; exit 1" HUP; say up $$; while :; do sleep 0.02; done`
    writeFileSync(noteOf(queue, 'script'), script)
    terminal.run('wrk execute WRK-1 --provider claude -- bash script').catch(() => undefined)
    const child = Number(await heard(queue, 'up'))
    process.kill(terminal.pid, 'SIGHUP')
    await heard(queue, 'hup')
    await gone(child)
    await until('the item is free', () => queue.lock('WRK-1').by === '')
    await until('all is tidy', () => queue.leftovers().length === 0)
  })
})

describe('wrk killed with -9, the command still running:', () => {
  const killed = async (queue: Queue, args = execute(...bash('say up $$; while :; do sleep 0.05; done'))) => {
    const running = startWatched(queue, args, { session: 'first' })
    const child = Number(await heard(queue, 'up'))
    const refused = await queue.run('claim WRK-1 --json', { session: 'second' })
    expect([refused.code, refused.json.holder.liveness]).toEqual([4, 'alive'])
    expect(refused.json.holder.reason).toContain(`its run is at work: process ${running.pid} is running`)
    process.kill(running.pid, 'SIGKILL')
    await gone(running.pid)
    expect(processFacts(child)).not.toBeNull()
    return running
  }

  test('another session’s claim takes over at once, with a warning', async () => {
    const queue = readyQueue()
    const { pid } = await killed(queue)
    const show = await queue.run('show WRK-1 --json', { session: 'second' })
    expect(show.json.lock.liveness).toBe('dead')
    const claim = await queue.run('claim WRK-1 --json', { session: 'second' })
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
    expect(claim.json.from).toMatchObject({
      locked_by: 'first',
      reason: expect.stringContaining('interrupted'),
    })
    expect(claim.stderr).toContain(`took over WRK-1 from first`)
    expect(claim.stderr).toContain(`process ${pid} is gone`)
    expect(queue.lock('WRK-1').by).toBe('second')
    expect(queue.leftovers()).toEqual([])
    // The first one learns it.
    const told = await queue.run('release WRK-1', { session: 'first' })
    expect(told.code).toBe(4)
    for (const text of [
      'second',
      'interrupted',
      queue.events().find(({ type }) => type === 'takenOver')!.time,
    ])
      expect(told.stderr).toContain(text)
  })

  test('another session’s execute does too, and releases', async () => {
    const queue = readyQueue()
    await killed(queue)
    const result = await queue.run(['--json', ...execute('true')], { session: 'second' })
    expect([result.code, result.json.kind, result.json.from.locked_by]).toEqual([0, 'takenOver', 'first'])
    expect(result.stderr).toContain('took over WRK-1 from first')
    expectUntouched(queue, ready())
  })

  test('a helper’s run too, although its session lives', async () => {
    const queue = readyQueue()
    await killed(queue, ['--agent', 'a', ...execute(...bash('say up $$; while :; do sleep 0.05; done'))])
    expect(queue.lock('WRK-1').by).toBe('first/a')
    const claim = await queue.run('claim WRK-1 --agent b --json', { session: 'first' })
    expect([claim.code, claim.json.kind]).toEqual([0, 'takenOver'])
  })

  test('the same session’s next execute works, and releases', async () => {
    const queue = readyQueue()
    await killed(queue)
    const result = await queue.run(['--json', ...execute('true')], { session: 'first' })
    expect([result.code, result.json.kind, result.json.released]).toEqual([0, 'renewed', true])
    expectUntouched(queue, ready())
  })

  test('a claim that the session held by hand is not a dead one', async () => {
    const queue = readyQueue()
    await queue.run('claim WRK-1', { session: 'first' })
    await killed(queue)
    expect((await queue.run('claim WRK-1', { session: 'second' })).code).toBe(4)
    const result = await queue.run(['--json', ...execute('true')], { session: 'first' })
    expect([result.code, result.json.released]).toEqual([0, false])
    expect(queue.lock('WRK-1').by).toBe('first')
    expect(queue.leftovers()).toEqual([])
  })
})

describe('when the claim is lost meanwhile', () => {
  const takeOver = async (queue: Queue) => {
    const taken = await queue.run(['claim', 'WRK-1', '--force', '--reason', 'urgent'], { session: 'second' })
    expect(taken.code).toBe(0)
  }

  test('the command and what it started are told to end, and wrk ends with 4, saying who, when and why', async () => {
    const queue = readyQueue()
    const loop = 'while :; do sleep 0.05; done'
    writeFileSync(
      noteOf(queue, 'below.sh'),
      `${NOTES}trap "say below-ended; exit 0" TERM; say below $$; ${loop}`,
    )
    const script = `bash below.sh & trap 'say ended; exit 0' TERM; await below; say up $$; ${loop}`
    const running = startWatched(queue, ['--json', ...execute(...bash(script))], { session: 'first' })
    const pids = [Number(await heard(queue, 'up')), Number(await heard(queue, 'below'))]
    await takeOver(queue)
    const { at } = queue.lock('WRK-1')
    const { code, json } = await running.end
    expect([code, json.error.code, json.released]).toEqual([4, 'LOCKED', false])
    expect(json.superseded).toEqual({ id: 'WRK-1', by: 'second', at, reason: 'forced: urgent' })
    expect(json.error.message).toBe(
      `WRK-1 was taken over by second at ${at} (forced: urgent); the command was stopped`,
    )
    await heard(queue, 'ended')
    await heard(queue, 'below-ended')
    for (const pid of pids) await gone(pid)
    expect(queue.lock('WRK-1')).toEqual({ by: 'second', at })
    expect(queue.leftovers()).toEqual([])
  })

  test.each<[string, string[]]>([
    ['', []],
    [' (kept)', ['--keep']],
  ])('in the last instant, it is reported all the same%s', async (_, flags) => {
    const queue = readyQueue()
    const { code, json } = await queue.run(
      [
        '--json',
        'execute',
        'WRK-1',
        ...flags,
        '--provider',
        'claude',
        '--',
        ...bash('wrk claim WRK-1 --session second --force --reason urgent >&2'),
      ],
      { session: 'first' },
    )
    expect(code).toBe(4)
    expect(json).toMatchObject({ released: false, superseded: { by: 'second' }, steps: [{ exit_code: 0 }] })
    expect(json.error.message).not.toContain('stopped')
    expect(queue.lock('WRK-1').by).toBe('second')
    expect(queue.leftovers()).toEqual([])
  })

  test('to one that has released it since, it is lost too', async () => {
    const queue = readyQueue()
    const running = startWatched(
      queue,
      ['--json', ...execute(...bash('say up; while :; do sleep 0.05; done'))],
      {
        session: 'first',
      },
    )
    await heard(queue, 'up')
    await takeOver(queue)
    await queue.run('release WRK-1', { session: 'second' })
    const { code, json } = await running.end
    expect([code, json.superseded.reason]).toEqual([4, 'forced: urgent'])
    expect(queue.lock('WRK-1').by).toBe('')
  })

  test('by a forced release, it is lost too', async () => {
    const queue = readyQueue()
    const running = startWatched(queue, execute(...bash('say up; while :; do sleep 0.05; done')), {
      session: 'first',
    })
    await heard(queue, 'up')
    await queue.run('release WRK-1 --force --reason stuck', { session: 'second' })
    const { code, stderr } = await running.end
    expect(code).toBe(4)
    expect(stderr).toContain('forced: stuck')
  })
})

describe('executes of one item at the same instant: exactly one runs', () => {
  test('the second in a session learns of the run that is at work, and not to claim it', async () => {
    const queue = readyQueue()
    const running = startWatched(queue, execute(...bash('say up; await go')))
    await heard(queue, 'up')
    const { code, stderr } = await queue.run(execute('true'))
    expect(code).toBe(4)
    expect(stderr).toContain(`(process ${running.pid}) is at work on it`)
    expect(stderr).toContain('held by your own session')
    expect(stderr).not.toContain('wrk claim')
    // By hand it may be renewed, which does not end the run’s claim.
    expect((await queue.run('claim WRK-1 --json')).json.kind).toBe('renewed')
    note(queue, 'go')
    expect((await running.end).code).toBe(0)
    expectUntouched(queue, ready())
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

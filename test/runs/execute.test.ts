/** `wrk execute`: the command under the claim, its exit code and its output, and the claim released in the end. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { bash, heard, NOTES, note, noteOf, startWatched } from '../support/notes.ts'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { Queue } from '../support/queue.ts'
import { execute, expectUntouched, ready, readyQueue } from './execute.shared.ts'

/** Starts a script of bash that finds `wrk` and the queue. */
function startShell(queue: Queue, script: string): ReturnType<typeof start> {
  const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' })
  return start('bash', ['-c', NOTES + script], { cwd: queue.home, env })
}

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
    const { code, stdout, stderr } = await queue.run(execute('bash', '-c', 'cat; echo done >&2'), {
      input: 'some input\n',
    })
    expect([code, stdout]).toEqual([0, 'some input\n'])
    expect(stderr).toContain('done\n')
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

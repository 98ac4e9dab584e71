/** Completion in real shells, and what it suggests for a mistyped word. */
import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { run } from '../support/run.ts'
import { registry } from '../support/sessions.ts'

const NASTY = '"Räder: $(touch pwned) `touch pwned` \\e[31m \'q\' \\t [x] \\n end"'

function queueWithItems(): Queue {
  const queue = makeQueue({
    'pending/WRK-7.md': item('WRK-7', { title: NASTY }),
    'pending/WRK-12.md': heldItem('WRK-12', 'other', ago(MINUTE), { title: 'Held' }),
    'pending/WRK-13.md': heldItem('WRK-13', 'tester', ago(MINUTE), { title: 'Mine' }),
    'done/WRK-1.md': item('WRK-1', { status: 'done', title: 'Closed' }),
    'pending/workspace-hub-1311.md': item('workspace-hub#1311', { title: 'Elsewhere' }),
    'session-state.yaml': registry([
      { id: 'other', agent: 'codex', claims: [{ id: 'WRK-12', claimed_at: '2026-02-16T19:30:05Z' }] },
      { id: 'a:b@c', started_at: ago(MINUTE) },
      { id: 'gone', ended_at: ago(MINUTE) },
    ]),
  })
  cleanEnv(queue.home)
  return queue
}

const complete = async (queue: Queue, ...words: string[]) =>
  (await queue.run(['__complete', '--', ...words])).stdout
    .split('\n')
    .slice(0, -1)
    .map(line => line.split('\t'))
const values = async (queue: Queue, ...words: string[]) =>
  (await complete(queue, ...words)).map(([value]) => value)

describe('what may be at the cursor', () => {
  test('is a command, an option, a choice', async () => {
    const queue = queueWithItems()
    expect(await values(queue, 're')).toEqual(expect.arrayContaining(['release', 'review']))
    expect(await values(queue, '')).not.toContain('__complete')
    expect(await values(queue, 'claim', '--re')).toEqual(['--reason'])
    expect(await values(queue, '--queue', queue.root, 'claim', '--ses')).toEqual(['--session'])
    expect(await values(queue, 'session', 's')).toEqual(['start', 'show', 'set'])
    expect(await values(queue, 'completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell'])
    expect(await values(queue, 'agents', 'install', 'claude', 'co')).toEqual(['codex', 'copilot'])
    expect(await values(queue, 'help', 'ex')).toEqual(expect.arrayContaining(['execute', 'exit-codes']))
    expect(await values(queue, 'where', '')).toEqual([])
  })

  test('is an id with its title, open and free items first', async () => {
    const queue = queueWithItems()
    expect(await values(queue, 'claim', 'WRK-')).toEqual(['WRK-7', 'WRK-13', 'WRK-12', 'WRK-1'])
    expect(await values(queue, 'release', '')).toEqual([
      'WRK-13',
      'WRK-12',
      'WRK-1',
      'WRK-7',
      'workspace-hub#1311',
    ])
    expect(await values(queue, 'show', '1')).toEqual(['13', '12', '1'])
    expect(await values(queue, 'show', 'wrk-12')).toEqual(['wrk-12'])
    expect(await values(queue, 'show', 'workspace-hub#')).toEqual(['workspace-hub#1311'])
    const shown = await complete(queue, 'claim', 'WRK-')
    expect(shown.find(([id]) => id === 'WRK-12')).toEqual(['WRK-12', 'held by other: Held'])
    // What a terminal would obey is gone, and a line stays a line.
    expect(shown.find(([id]) => id === 'WRK-7')![1]).toMatch(/^Räder: [^\x00-\x1f\x7f]*$/)
    expect(shown.every(parts => parts.length === 2)).toBe(true)
  })

  test('is an id of wrk new, with the zeros before its number or without', async () => {
    const queue = makeQueue({
      'pending/WRK-001.md': item('WRK-001', { title: 'One' }),
      'pending/WRK-002.md': item('WRK-002', { title: 'Two' }),
      'pending/WRK-010.md': item('WRK-010', { title: 'Ten' }),
    })
    const all = ['001', '002', '010']
    for (const typed of ['WRK-', 'WRK-0', 'wrk-0'])
      expect(await values(queue, 'claim', typed)).toEqual(all.map(number => typed.slice(0, 4) + number))
    expect(await values(queue, 'claim', '0')).toEqual(all)
    expect(await values(queue, 'claim', 'WRK-00')).toEqual(['WRK-001', 'WRK-002'])
    expect(await values(queue, 'claim', '00')).toEqual(['001', '002'])
    expect(await complete(queue, 'claim', 'WRK-001')).toEqual([['WRK-001', 'One']])
    expect(await values(queue, 'claim', 'WRK-1')).toEqual(['WRK-1', 'WRK-10'])
    expect(await values(queue, 'claim', '1')).toEqual(['1', '10'])
    expect(await values(queue, 'claim', 'WRK-0001')).toEqual([])
  })

  test('is an id with zeros in its text alone, as its file is called', async () => {
    const queue = makeQueue({ 'pending/WRK-7-slug.md': item('WRK-007', { title: 'Seven' }) })
    expect(await values(queue, 'claim', 'WRK-')).toEqual(['WRK-7'])
    expect(await values(queue, 'claim', 'WRK-7-s')).toEqual([])
  })

  test('is one of the words that the help lists', async () => {
    const queue = makeQueue()
    const priorities = ['critical', 'high', 'medium', 'low']
    expect(await values(queue, 'new', '--priority', '')).toEqual(priorities)
    expect(await values(queue, 'list', '--priority', '')).toEqual(priorities)
    expect(await values(queue, 'new', '--complexity=m')).toEqual(['--complexity=moderate'])
    const orders = await values(queue, 'list', '--sort', '')
    expect(orders).toContain('urgency')
    expect((await run('help list')).stdout).toContain(orders.join(', '))
  })

  test('is a value of an option, before or behind an equals sign', async () => {
    const queue = queueWithItems()
    expect(await values(queue, 'list', '--status', 'p')).toEqual(['pending'])
    expect(await values(queue, 'list', '--status=p')).toEqual(['--status=pending'])
    expect(await values(queue, 'session', 'show', '')).toEqual(['a:b@c', 'other', 'gone'])
    expect(await values(queue, 'claim', '--session', 'o')).toEqual(['other'])
    expect(await values(queue, 'execute', 'WRK-1', '--provider', 'cl')).toEqual(['claude'])
    expect(await values(queue, 'list', '--queue', '')).toEqual([':folders'])
    expect(await values(queue, 'claim', 'WRK-7', '')).toEqual([])
  })

  test('is nothing where there is no queue or a broken one, without a word', async () => {
    const nowhere = await run(['__complete', '--', 'claim', ''], { cwd: tempFolder() })
    expect(nowhere).toMatchObject({ code: 0, stdout: '', stderr: '' })
    const broken = makeQueue({ 'wrk.yaml': 'ttl: [\n' })
    expect(await broken.run(['__complete', '--', 'claim', ''])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    })
  })
})

function shell(queue: Queue, program: string, args: readonly string[]) {
  const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' })
  return finished(start(program, args, { cwd: queue.home, env }))
}

function has(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0
}

describe('in bash', () => {
  /** What bash puts in for a line; a number behind it is the kind of completion (37: in turn). */
  async function lines(...typed: [line: string, type?: number][]): Promise<string[]> {
    const queue = queueWithItems()
    const calls = typed.map((call, i) => {
      const setting = `COMP_LINE=$line${i} COMP_POINT=\${#line${i}} COMP_TYPE=${call[1] ?? 9}`
      return `${setting}\n_wrk "\${line${i}%% *}" '' ''\nprintf '%s' ${i}; printf '|%s' "\${COMPREPLY[@]}"; echo`
    })
    const vars = typed.map(([line], i) => `line${i}='${line.replaceAll("'", "'\\''")}'`)
    const script = `eval "$(wrk completion bash)"\n${vars.join('\n')}\n${calls.join('\n')}\ncomplete -p wrk wrk-cli; ls`
    const { code, stdout, stderr } = await shell(queue, '/bin/bash', ['--norc', '-c', script])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('complete -F _wrk wrk\ncomplete -F _wrk wrk-cli\n')
    expect(stdout).not.toContain('pwned\n')
    return stdout.split('\n').slice(0, typed.length)
  }

  test('both names complete, with titles in the list only', async () => {
    const got = await lines(
      ['wrk cl'],
      ['wrk-cli cl'],
      ['wrk show WRK-1'],
      ['wrk show WRK-1', 37],
      ['wrk show WRK-13'],
      ['wrk list --status=p'],
      ['wrk session show a:'],
      ['wrk show "WRK-7'],
      ['wrk nonsense '],
    )
    expect(got).toEqual([
      '0|claim',
      '1|claim',
      '2|WRK-13  (Mine)|WRK-12  (held by other: Held)|WRK-1   (Closed)',
      '3|WRK-13|WRK-12|WRK-1',
      '4|WRK-13',
      '5|pending',
      '6|b@c',
      '7|WRK-7',
      '8|',
    ])
  })
})

describe('another program of the name wrk', () => {
  // As the load tester does: its usage on stdout, and a failure.
  const TESTER = '#!/bin/sh\necho "Usage: wrk <options> <url>"\nexit 1\n'

  test.for<[string, string[], string]>([
    [
      'bash',
      ['--norc', '-c'],
      `eval "$S"; COMP_LINE='wrk a' COMP_POINT=5; _wrk wrk '' ''; echo "<\${COMPREPLY[*]}>"`,
    ],
    ['fish', ['--no-config', '-c'], 'echo $S | string split0 | source; complete -C "wrk a"; echo "<>"'],
    ['zsh', ['-f', '-c'], '_default() { :; }; words=(wrk a); CURRENT=2; eval "$S"; _wrk; echo "<>"'],
  ])('does not have its usage offered in %s', async ([program, args, script], context) => {
    context.skip(!has(program), `${program} is not installed`)
    const queue = makeQueue()
    const { stdout: S } = await queue.run(`completion ${program}`)
    cleanEnv(queue.home)
    rmSync(join(queue.home, 'bin', 'wrk'))
    writeFileSync(join(queue.home, 'bin', 'wrk'), TESTER, { mode: 0o755 })
    const env = cleanEnv(queue.home, { S })
    const { stdout } = await finished(start(program, [...args, script], { cwd: queue.home, env }))
    expect(stdout).toContain('<>')
    expect(stdout).not.toContain('Usage')
  })
})

test.skipIf(!has('fish'))('fish completes both names, with titles', async () => {
  const script = `wrk completion fish | source
complete -C "wrk show WRK-1"; echo ==; complete -C "wrk-cli cl"; echo ==; complete -C "wrk list --status=d"; echo ==; complete -C "wrk claim WRK-7"; ls`
  const { stdout } = await shell(queueWithItems(), 'fish', ['--no-config', '-c', script])
  const [ids, command, status, nasty] = stdout.split('==\n')
  expect(ids!.split('\n').sort()).toEqual([
    '',
    'WRK-1\tClosed',
    'WRK-12\theld by other: Held',
    'WRK-13\tMine',
  ])
  expect(command).toMatch(/^claim\tclaim an item/)
  expect(status).toMatch(/^--status=done\n/)
  expect(nasty).toMatch(/^WRK-7\tRäder: \$\(touch pwned\)/)
  expect(nasty).not.toContain('pwned\n')
})

test.skipIf(!has('zsh'))('zsh completes both names in a real line editor, with titles', async () => {
  const queue = queueWithItems()
  const script = `zmodload zsh/zpty
zpty -b z "zsh -f -i"
seen=
wait_for() {
  local text i
  for ((i = 0; i < 1200; i++)); do
    while zpty -r -t z text; do seen+=$text; done
    [[ $seen == *$1* ]] && return
    sleep 0.025
  done
  print -r -- "gave up waiting for $1 in: \${(V)seen}"
}
zpty -w z "PS1='> '; unsetopt beep; autoload -Uz compinit; compinit -D -u; eval \\"\\$(wrk completion zsh)\\"; print rea''dy"
wait_for ready
zpty -w -n z $'wrk show WRK-1\\t\\t'
wait_for Closed
zpty -w -n z $'\\x15wrk session show a\\t'
wait_for 'a:b@c'
zpty -w -n z $'\\x15wrk list --status=pe\\t'
wait_for '--status=pending'
zpty -w -n z $'\\x15wrk-cli cl\\t'
wait_for 'wrk-cli claim'
zpty -d z
print -r -- "\${(V)seen}"; ls`
  writeFileSync(join(queue.home, 'check.zsh'), script)
  const { stdout } = await shell(queue, 'zsh', ['-f', 'check.zsh'])
  expect(stdout).not.toContain('gave up waiting')
  expect(stdout).toMatch(/WRK-13 +-- Mine/)
  expect(stdout).toMatch(/WRK-12 +-- held by other: Held/)
  expect(stdout).not.toContain('pwned\n')
})

test('PowerShell gets a script that names both commands (looked at only: it is not run here)', async () => {
  const { stdout } = await run('completion powershell')
  expect(stdout).toContain('Register-ArgumentCompleter -Native -CommandName wrk, wrk-cli')
  expect(stdout).toContain('WRK_COMPLETE_LINE')
})

describe('a suggestion', () => {
  test.each([
    ['clam WRK-1', /Did you mean claim\?/],
    ['claim WRK-1 --forc', /Did you mean --force\?/],
    ['session strat', /Did you mean start\?/],
    ['help clam', /Did you mean claim\?/],
    ['help exit-code', /Did you mean exit-codes\?/],
    ['show WRK-31', /Did you mean WRK-13 or WRK-1\?/],
    ['show WRK-1311', /Did you mean workspace-hub-1311\?/],
    ['show HUB-12', /Did you mean WRK-12\?/],
    ['show WRK12', /Did you mean WRK-12\?/],
    ['show WRK_12', /Did you mean WRK-12\?/],
  ])('wrk %s', async (args, output) => {
    const { code, stderr } = await queueWithItems().run(args)
    expect([1, 2]).toContain(code)
    expect(stderr).toMatch(output)
  })

  test('is nothing when nothing is near', async () => {
    const { stderr, code } = await queueWithItems().run('show OTHER-99999')
    expect(code).toBe(1)
    expect(stderr).not.toContain('Did you mean')
  })
})

describe('wrk help', () => {
  test.each([
    ['claim', 'missing argument: wrk claim <id>', 'claim --help'],
    ['claim 1 2', 'too many arguments: wrk claim takes 1, not 2', 'claim --help'],
    ['claim 1 --ttl', '--ttl needs a value: --ttl <time>', 'claim --help'],
    ['claim 1 --forse', 'unknown option --forse. Did you mean --force?', 'claim --help'],
    ['clam 1', 'unknown command "clam". Did you mean claim?', '--help'],
    ['session', 'missing command. Use one of: start, id, name, list, show, set, end', 'session --help'],
    ['session strat', 'unknown command "strat". Did you mean start?', 'session --help'],
    [
      'agents install codx',
      'unknown agent "codx". Use one of: claude, codex, gemini, copilot, cursor, opencode, all',
      'agents install --help',
    ],
  ])('a mistyped line says what is wrong and where to look: wrk %s', async (line, message, help) => {
    expect(await run(line)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `wrk: ${message}\n     See: wrk ${help}\n`,
    })
    expect((await run(`${line} --json`)).json.error).toMatchObject({ code: 'USAGE', message })
  })

  test('exit-codes prints the table, and a command its own help', async () => {
    const codes = await run('help exit-codes')
    expect(codes.stdout).toMatch(/^Exit codes:\n {2}0 +done\n[\s\S]* 75 /)
    expect((await run('help exit-codes --json')).json).toMatchObject({ ok: true })
    expect((await run('help session start')).stdout).toBe((await run('session start --help')).stdout)
    expect((await run('help claim')).stdout).toContain('Examples:')
  })

  test('lists every command once, in groups', async () => {
    const { stdout } = await run('help')
    const headings = ['Daily work:', 'Claims:', 'Items:', 'Under a claim:', 'git:', 'Set up and repair:']
    expect(stdout.match(/^[A-Z]?[a-z ]+:$/gm)).toEqual(['Options:', ...headings])
    expect(stdout.match(/^ {2}wrk .*$/gm)!.map(line => line.split(/\s{2,}/)[1])).toEqual([
      'wrk init',
      'wrk new "Fix the login"',
      'wrk next --claim',
      'wrk start 1',
      'wrk done 1',
    ])
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      'Examples of a command: wrk COMMAND --help. Exit codes: wrk help exit-codes',
    )
    for (const command of ['claim', 'list', 'agents', 'completion', 'help'])
      expect(stdout.match(new RegExp(`^  ${command} `, 'gm'))).toHaveLength(1)
    expect(stdout).not.toContain('__complete')
  })

  test.each([
    ...['claim', 'release', 'heartbeat', 'show', 'list', 'status', 'execute', 'review', 'archive', 'set'],
    ...['gates', 'log', 'where', 'init', 'agents', 'completion', 'session', 'session start', 'session id'],
    ...['session list', 'session show', 'session end', 'agents install', 'agents uninstall', 'agents status'],
    'agents hook',
  ])('%s has examples', async command => {
    expect((await run(`help ${command}`)).stdout).toMatch(/Examples:\n {2}[\s\S]*wrk /)
  })
})

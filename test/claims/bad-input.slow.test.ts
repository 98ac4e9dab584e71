/** The rest of bad-input.test.ts: what takes too long for every run. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import type { Result } from '../support/result.ts'
import { registry } from '../support/sessions.ts'
import { EVIL, evilQueue, expectCalm, RAW } from './bad-input.shared.ts'

describe('an invalid id', () => {
  const ids = [
    ...[
      '../../etc/passwd',
      'WRK-157/../x',
      '../WRK-157',
      '/etc/passwd',
      '/tmp/WRK-157',
      'WRK-157/..',
      '..',
      '.',
    ],
    ...[
      '',
      ' ',
      'WRK-157\n',
      'WRK-157\nWRK-158',
      'WRK-157\x1b[31m',
      '~/WRK-157',
      'pending/WRK-157',
      'WRK-157.md.md',
    ],
    ...[
      'C:\\WRK-157',
      '..\\WRK-157',
      '%2e%2e%2fWRK-157',
      'WRK-1e9',
      `WRK-${'1'.repeat(5000)}`,
      'W'.repeat(100_000),
    ],
    ...['WRK-*', '$(id)', '`id`', 'WRK-157;id', '\u202eWRK-157', 'ＷＲＫ-157'],
  ]

  test.each(ids.map(id => [id.length > 60 ? `${id.slice(0, 20)}… (${id.length} long)` : id, id]))(
    'such as %j is a usage error for claim, release and show',
    async (_, id) => {
      const queue = makeQueue(['WRK-157'])
      writeFileSync(join(queue.home, 'WRK-157.md'), item('WRK-157'))
      for (const command of ['claim', 'release', 'show']) {
        const result = await queue.run([command, id, '--json'])
        expect({ [command]: result.code }).toEqual({ [command]: 2 })
        expect(result.json.error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('WRK-157') })
        expect(result.json.error.message.length).toBeLessThan(200)
        expect(result.json.error.message).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/)
      }
      expect(queue.stateFiles()).toEqual([])
      expect(readdirSync(queue.root).sort()).toEqual([
        '.wrk',
        'archive',
        'blocked',
        'done',
        'pending',
        'working',
      ])
      expect(queue.read('WRK-157')).toBe(item('WRK-157'))
    },
  )
})

describe('a session id or helper name', () => {
  const names = [
    'a\nb',
    'a"b',
    "a'b",
    'a b',
    'a\x1b[31mb',
    'a: b\nlocked_at: x',
    '$(id)',
    'é',
    'x'.repeat(129),
    '{}',
    'a,b',
    '',
  ]

  test.each(names)('such as %j is a usage error from any side, and nothing is written', async name => {
    const queue = makeQueue(['WRK-157'])
    const attempts: Result[] = [
      await queue.run(['claim', 'WRK-157', '--json', '--session', name]),
      await queue.run(['claim', 'WRK-157', '--json', '--agent', name]),
      await queue.run(['session', 'start', '--provider', 'codex', '--json', '--session-id', name]),
    ]
    // An empty variable is one that is not set.
    if (name !== '')
      for (const variable of ['WRK_SESSION_ID', 'CLAUDE_CODE_SESSION_ID', 'CODEX_THREAD_ID'])
        attempts.push(
          await queue.run(['claim', 'WRK-157', '--json'], { session: null, env: { [variable]: name } }),
        )
    for (const result of attempts) {
      expect(result.code).toBe(2)
      expect(result.json.error.code).toBe('USAGE')
      expect(result.json.error.message).not.toMatch(/[\x00-\x1f\x7f]/)
    }
    expect(queue.read('WRK-157')).toBe(item('WRK-157'))
    expect(queue.exists('session-state.yaml')).toBe(false)
  })
})

describe('frontmatter', () => {
  test.each(['---js', '---javascript', '--- js', '---json', '---coffee', '---toml', '---constructor'])(
    'that opens with %s is not run and not read',
    async fence => {
      const queue = makeQueue()
      const canary = join(queue.home, 'canary')
      const code = `{id: 'WRK-1', title: require('fs').writeFileSync(${JSON.stringify(canary)}, 'x')}`
      const text = `${fence}\n${code}\n---\n\n# WRK-1\n`
      queue.write('WRK-1', text)
      for (const command of ['claim WRK-1', 'release WRK-1'])
        expect((await queue.run(command)).stderr).toContain(`${queue.path('WRK-1')}:1:`)
      for (const command of ['show WRK-1', 'list', 'status']) expectCalm(await queue.run(command))
      expect(readdirSync(queue.home)).not.toContain('canary')
      expect(queue.read('WRK-1')).toBe(text)
    },
  )

  test.each([
    ['!!js/function', 'title: !!js/function "function () { process.exit(99) }"'],
    ['!!js/eval', 'title: !<tag:yaml.org,2002:js/eval> "process.exit(99)"'],
    ['__proto__', '__proto__:\n  polluted: yes\nconstructor: {prototype: {polluted: yes}}\ntitle: x'],
  ])('with %s in it is only text', async (_, line) => {
    const queue = makeQueue({ 'pending/WRK-1.md': `---\nid: WRK-1\n${line}\n---\n` })
    for (const command of ['show WRK-1 --json', 'list --json', 'claim WRK-1 --json']) {
      const result = await queue.run(command)
      expectCalm(result)
      expect([0, 5]).toContain(result.code)
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('with an alias bomb costs no time and no memory', async () => {
    const levels = Array.from(
      { length: 30 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    )
    const text = `---\nid: WRK-1\ntitle: bomb\nl0: &l0 [boom]\n${levels.join('\n')}\n---\n`
    const queue = makeQueue({ 'pending/WRK-1.md': text })
    const env = { NODE_OPTIONS: '--max-old-space-size=64' }
    for (const command of ['show WRK-1', 'show WRK-1 --json', 'list', 'claim WRK-1', 'release WRK-1']) {
      const begin = performance.now()
      const result = await queue.run(command, { env })
      expectCalm(result)
      expect(performance.now() - begin).toBeLessThan(8000)
      expect(result.stdout.length).toBeLessThan(100_000)
    }
  })

  test.each([
    ['lists', '['.repeat(50_000)],
    ['maps', '{a: '.repeat(50_000)],
    ['closed lists', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['block maps', Array.from({ length: 2000 }, (_, i) => `\n${' '.repeat(i + 1)}k:`).join('')],
  ])('nested far too deep in %s is refused as unreadable', async (_, deep) => {
    const text = `---\nid: WRK-1\ntitle: deep\ntower: ${deep}\n---\n`
    const queue = makeQueue({ 'pending/WRK-1.md': text, 'pending/WRK-2.md': item('WRK-2') })
    const claim = await queue.run('claim WRK-1 --json')
    expectCalm(claim)
    expect(claim.code).toBe(5)
    for (const command of ['show WRK-1', 'list', 'status', 'claim WRK-2'])
      expectCalm(await queue.run(command))
    expect(queue.read('WRK-1')).toBe(text)
    expect(queue.lock('WRK-2').by).toBe('tester')
  })

  test.each([
    [
      'not UTF-8',
      Buffer.from([...Buffer.from('---\nid: WRK-1\ntitle: '), 0xff, 0xfe, ...Buffer.from('\n---\n')]),
      '3:8',
    ],
    ['UTF-16', Buffer.from(`\ufeff${item('WRK-1')}`, 'utf16le'), '1:1'],
    ['empty', '', '1:1'],
    ['cut off', item('WRK-1').slice(0, 60), '1:1'],
    ['with a tab as indent', '---\nid: WRK-1\na:\n\tb: 1\n---\n', '4:1'],
    ['a list', '---\n- id: WRK-1\n---\n', '2:1'],
    ['with the lock as a map', '---\nid: WRK-1\nlocked_by: {name: x}\n---\n', '3:1'],
    ['with the id twice', '---\nid: WRK-1\nid: WRK-1\n---\n', '3:1'],
  ])('that is %s is refused with line and column, and stays as it is', async (_, content, place) => {
    const queue = makeQueue({ 'pending/WRK-1.md': content })
    for (const command of ['claim WRK-1', 'claim WRK-1 --force --reason x', 'release WRK-1']) {
      const result = await queue.run(command)
      expect(result.code).toBe(5)
      expect(result.stderr).toContain(`${queue.path('WRK-1')}:${place}: `)
    }
    expect(readFileSync(queue.path('WRK-1'))).toEqual(Buffer.from(content))
  })
})

describe('control characters', () => {
  test.each([
    ...[
      'list',
      'status',
      'log',
      'show WRK-1',
      'show WRK-2',
      'show WRK-4',
      'show WRK-5',
      'show WRK-7',
      'show WRK-9',
    ],
    ...[
      'claim WRK-1',
      'claim WRK-2',
      'claim WRK-3',
      'claim WRK-4',
      'claim WRK-5',
      'claim WRK-6',
      'claim WRK-7',
      'claim WRK-9',
    ],
    ...[
      'release WRK-3',
      'release WRK-3 --force --reason x',
      'release WRK-4',
      'release WRK-7',
      'session list',
    ],
  ])('in fields and names do not reach the terminal by wrk %s', async command => {
    const queue = evilQueue()
    const { stdout, stderr } = await queue.run(command)
    expect(stdout + stderr).not.toMatch(RAW)
    expect((stdout + stderr).length).toBeGreaterThan(3)
  })

  test.each(['heartbeat', 'release WRK-1', 'claim WRK-9000', 'claim WRK-2'])(
    'of one who took a lock over do not reach the terminal by wrk %s',
    async command => {
      const queue = makeQueue({
        'pending/WRK-1.md': item('WRK-1'),
        'pending/WRK-2.md': item('WRK-2'),
        'pending/WRK-9000.md': item('WRK-9000'),
      })
      await queue.run('claim WRK-1')
      queue.write('WRK-1', heldItem('WRK-1', `h${EVIL}`, ago(0)))
      // Without its record the file shows who holds the item.
      rmSync(queue.path('.wrk/claims/wrk-1'))
      const { stdout, stderr } = await queue.run(command)
      expect(stderr).toContain('taken over by h')
      expect(stdout + stderr).not.toMatch(RAW)
    },
  )
})

describe('session-state.yaml', () => {
  const whole = registry([{ id: 'other', started_at: ago(HOUR), heartbeat_at: ago(0) }])

  test.each([
    ['broken YAML', 'session_id: "a\nsessions: [\n'],
    ['half-written', whole.slice(0, whole.indexOf('anchor:') + 3)],
    ['binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0xff, 0xfe, 0x80])],
    ['full of NUL bytes', Buffer.alloc(300)],
    ['a list', '- a\n- b\n'],
    ['of duplicate keys', 'session_id: a\nsession_id: b\n'],
    ['an alias bomb', 'a: &a [x, x]\nb: *nowhere\n'],
  ])('that is %s is never replaced and makes nobody dead: claims say so and go on', async (_, content) => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1'),
      'pending/WRK-2.md': heldItem('WRK-2', 'other', ago(HOUR)),
      'session-state.yaml': content,
    })
    const free = await queue.run('claim WRK-1 --json')
    expect(free.code).toBe(0)
    expect(free.stderr).toContain(queue.path('session-state.yaml'))
    expect(free.stderr).toMatch(/doctor --fix|mv /)
    const held = await queue.run('claim WRK-2 --json')
    expectCalm(held)
    expect([held.code, held.json.holder.liveness]).toEqual([4, 'unknown'])
    expect(queue.lock('WRK-2').by).toBe('other')
    expect(readFileSync(queue.path('session-state.yaml'))).toEqual(Buffer.from(content))
    const shown = await queue.run('show WRK-2 --json')
    expect(shown.json.holder).toMatchObject({ session_id: 'other', liveness: 'unknown' })
    expect((await queue.run('list')).code).toBe(0)
    const status = await queue.run('status --json')
    expect(status.code).toBe(0)
    expect(status.stderr).toContain('wrk: warning: ')
    expect(status.json.orphans).toMatchObject([{ id: 'WRK-2', liveness: 'unknown' }])
    expect(readFileSync(queue.path('session-state.yaml'))).toEqual(Buffer.from(content))
  })
})

describe('wrk.yaml', () => {
  test.each([
    ['ttl: soon\n', '1:1', 'ttl must be a length of time'],
    ['# x\n\nttl: [2h]\n', '3:1', 'ttl'],
    ['takeover: always\n', '1:1', 'dead-only'],
    ['id_prefix: ../x\n', '1:1', 'id_prefix'],
    ['id_prefix: "WRK\\n"\n', '1:1', 'id_prefix'],
    ['unlisted: maybe\n', '1:1', 'unknown'],
    ['worktrees: no\n', '1:1', 'own'],
    ['ttl: 2h\nttl: 3h\n', '2:1', 'duplicate'],
    ['ttl: "2h\n', '2:1', 'quote'],
    ['- a\n', '1:1', 'mapping'],
  ])('%j is a usage error that names the place', async (text, place, words) => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1'), 'wrk.yaml': text })
    for (const command of ['claim WRK-1', 'list', 'where']) {
      const result = await queue.run(`${command} --json`)
      expect(result.code).toBe(2)
      expect(result.json.error).toMatchObject({ code: 'USAGE' })
      expect(result.json.error.message).toContain(`${queue.path('wrk.yaml')}:${place}: `)
      expect(result.json.error.message).toContain(words)
    }
    expect(queue.lock('WRK-1').by).toBe('')
  })
})

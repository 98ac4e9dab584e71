/** `wrk show`: the item with its text, for programs, for pipes and on a terminal. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'

const BODY = '\n# WRK-1\n\nA *text* of its author.\n'

describe('show --json', () => {
  test('has the text below the fields, and what the item waits for', async () => {
    const queue = makeQueue({
      'WRK-1': item('WRK-1', { blocked_by: '[WRK-2, 3, WRK-99]' }).replace(/\n# WRK-1[\s\S]*/, BODY),
      'done/WRK-2.md': item('WRK-2', { status: 'done', title: 'Before' }),
      'working/WRK-3.md': item('WRK-3', { status: 'working', title: 'Also before' }),
    })
    const { code, json } = await queue.run('show WRK-1 --json')
    expect([code, json.body, json.fields.blocked_by]).toEqual([0, BODY, ['WRK-2', 3, 'WRK-99']])
    expect(json.waits_for).toEqual([
      { id: 'WRK-2', title: 'Before', status: 'done', closed: true },
      { id: 'WRK-3', title: 'Also before', status: 'working', closed: false },
      { id: 'WRK-99', title: null, status: null, closed: null },
    ])
  })

  test('has the same text where the fields need the full reader, and none where they cannot be read', async () => {
    const strange = item('WRK-1', { list: '&all [a, b]', other: '*all' }).replace(/\n# WRK-1[\s\S]*/, BODY)
    const queue = makeQueue({ 'WRK-1': strange, 'WRK-2': '---\nid: [\n---\n\ntext\n' })
    const { json } = await queue.run('show WRK-1 --json')
    expect([json.body, json.fields.other]).toEqual([BODY, ['a', 'b']])
    expect((await queue.run('show WRK-2 --json')).json).toMatchObject({ body: null, fields: {} })
  })
})

describe('show into a pipe', () => {
  test('has the text behind the fields as it is written, long lines whole, and nothing for a terminal to obey', async () => {
    const long = 'word '.repeat(600).trim()
    const queue = makeQueue({ 'WRK-1': `${item('WRK-1')}\n\tindented\n${long}\n\u001b[2Jgone\n\n` })
    const { stdout } = await queue.run('show WRK-1')
    expect(stdout).toMatch(/^WRK-1 {2}What WRK-1 is about\n {2}file +\S+WRK-1\.md\n/)
    expect(stdout).toContain(
      `\n\n# WRK-1\n\nText that nobody but its author changes.\n\n\tindented\n${long}\n?[2Jgone\n`,
    )
    expect(stdout).toMatch(/gone\n$/)
  })

  test('--raw has every byte of the file', async () => {
    const bytes = Buffer.concat([Buffer.from(item('WRK-1')), Buffer.from([0xff, 0x1b, 0x0d, 0x0a, 0x00])])
    const queue = makeQueue({ 'WRK-1': bytes })
    const env = cleanEnv(queue.home, { WRK_QUEUE: queue.root })
    const { code } = await finished(start('sh', ['-c', 'wrk show 1 --raw >raw'], { cwd: queue.home, env }))
    expect(code).toBe(0)
    expect(readFileSync(join(queue.home, 'raw')).equals(bytes)).toBe(true)
  })
})

const onTerminal = describe.skipIf(!haveTerminals())

onTerminal('show on a terminal', () => {
  const open = (env: Record<string, string> = {}) => {
    const queue = makeQueue({
      'WRK-1': `${item('WRK-1')}\nSome **bold** text.\n`,
      'WRK-2': item('WRK-2', { blocked_by: '[WRK-1]', title: 'Later' }),
      'WRK-3': `${item('WRK-3')}\n${'a line\n\n'.repeat(60)}\u001b[2J\n`,
    })
    return openTerminal(queue, { env: { WRK_PAGER: 'sed s/^/paged:/', ...env } })
  }

  test('draws the text, and shows what waits for the item and what happened to it', async () => {
    const terminal = await open()
    await terminal.run('wrk claim 1')
    const { stdout } = await terminal.run('wrk show 1')
    expect(stdout).toContain('Some \u001b[1mbold\u001b[22m text.\n')
    expect(stdout).toMatch(/^ {2}needed by +WRK-2 {2}Later \(pending\)$/m)
    expect(stdout).toMatch(/^ {2}history +(?:just now|\d+s ago): granted by terminal-/m)
    expect(stdout).not.toContain('paged:')
    const { stdout: bare } = await terminal.run('NO_COLOR=1 wrk show 1')
    expect(bare).toContain('\n# WRK-1\n')
    expect(bare).not.toContain('\u001b')
  })

  test('gives what is longer than the screen to the pager, all of it', async () => {
    const terminal = await open()
    const { stdout, code } = await terminal.run('wrk show 3')
    expect([code, stdout.match(/^paged:a line$/gm)?.length]).toEqual([0, 60])
    expect(stdout.startsWith('paged:')).toBe(true)
    expect(stdout).not.toContain('\u001b[2J')
  })

  test.each([
    ['--no-pager', 'wrk show 3 --no-pager'],
    ['an empty WRK_PAGER', 'WRK_PAGER= wrk show 3'],
    ['WRK_PAGER=cat', 'WRK_PAGER=cat wrk show 3'],
    ['a pager that is not there', 'WRK_PAGER=no-such-pager wrk show 3'],
    ['PAGER, where WRK_PAGER is not set', 'unset WRK_PAGER; PAGER=cat wrk show 3'],
  ])('with %s the page comes as it is', async (_, command) => {
    const terminal = await open()
    const { stdout, code } = await terminal.run(command)
    expect([code, stdout.match(/^a line$/gm)?.length]).toEqual([0, 60])
  })

  test('--raw shows the file without what the terminal would obey', async () => {
    const terminal = await open()
    const { stdout } = await terminal.run('wrk show 3 --raw')
    expect(stdout).toMatch(/^---\nid: WRK-3\n/)
    expect(stdout).toContain('?[2J')
    expect(stdout).not.toContain('\u001b')
  })
})

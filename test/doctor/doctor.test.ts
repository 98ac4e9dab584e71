/**
 * wrk doctor on real files: every kind of finding is found, and repaired or explained; twice is once; nobody who is at
 * work is accused or robbed; and killed half-way, it goes on where it was.
 */
import { mkdirSync, readdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { shortHash } from '../../src/core/hash.ts'
import { ago, HOUR, MINUTE } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { makeRepository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'
import { anchorOf, deadAnchor, registry } from '../support/sessions.ts'
import { age, inShort, ownedBy, snapshot } from './doctor.shared.ts'

const DONE = { status: 'done' }

/** A queue with one of everything. */
function sickQueue(): Queue {
  const dead = deadAnchor()
  const queue = makeQueue({
    'WRK-1': heldItem('WRK-1', 'crashed', ago(MINUTE)),
    'WRK-2': heldItem('WRK-2', 'over', ago(MINUTE)),
    'WRK-3': heldItem('WRK-3', 'claude-elsewhere-abc123', ago(3 * HOUR)),
    'WRK-4': heldItem('WRK-4', 'living', ago(MINUTE), { status: 'working' }),
    'WRK-5': item('WRK-5', { locked_at: '"2026-01-01T00:00:00Z"' }),
    'WRK-6': heldItem('WRK-6', 'claude-elsewhere-abc123', 'yesterday'),
    'WRK-7': heldItem('WRK-7', 'crashed/helper', ago(MINUTE), { status: 'in_progress' }),
    'WRK-8': item('WRK-8', { status: 'archived', completed_at: '2026-01-31' }),
    'WRK-9': item('WRK-9', DONE),
    'done/WRK-9.md': item('WRK-9', DONE),
    'WRK-10': item('WRK-10', DONE),
    'done/WRK-10.md': item('WRK-10', { ...DONE, title: 'Another one' }),
    'WRK-11': '---\nid: WRK-11\ntitle: "never closed\n---\n',
    'WRK-12': item('WRK-12', { title: 'one\ntitle: two' }),
    'WRK-13': item('WRK-31'),
    'WRK-14': '# Just text\n',
    'WRK-15': item('WRK-15', { blocked_by: '[WRK-16]' }),
    'WRK-16': item('WRK-16', { blocked_by: '[WRK-15]' }),
    'WRK-17': item('WRK-17', { blocked_by: '[WRK-99, WRK-1]' }),
    'done/WRK-19.md': item('WRK-19'),
    'WRK-20': item('WRK-20', { status: 'blocked' }),
    'WRK-21': item('WRK-21', { status: 'archived' }),
    'WRK-22': item('WRK-22', { locked_by: '[a, b]' }),
    'done/WRK-23.md': item('WRK-23', { ...DONE, blocked_by: 'WRK-98' }),
    'session-state.yaml': registry([
      { id: 'crashed', anchor: dead, started_at: ago(HOUR) },
      { id: 'over', started_at: ago(HOUR), ended_at: ago(2 * MINUTE) },
      { id: 'living', anchor: anchorOf(), started_at: ago(HOUR) },
    ]),
    '.wrk/.gitignore': '*\n',
    '.wrk/events.jsonl': '{"seq":1,"time":"2026-01-01T00:00:00Z","type":"gran',
    '.wrk/moves/wrk-20': '{"status":"blocked","folder":"blocked"}',
    '.wrk/moves/wrk-77': '{"status":"blocked","folder":"blocked"}',
    '.wrk/runs/wrk-3~run-1': JSON.stringify({ id: 'run-1', holder: 'gone', process: dead, owns: true }),
    '.wrk/outbox/wrk-4~tx1': '{"torn',
    '.wrk/conflicts/WRK-4.md.1': 'somebody’s last words',
    [`.wrk/guards/wrk-3/${ownedBy(dead)}`]: '',
    [`.wrk/tmp/${ownedBy(dead)}/${ownedBy(dead)}`]: '',
  })
  symlinkSync(queue.path('WRK-1'), queue.path('WRK-18'))
  mkdirSync(queue.path('.wrk/guards/wrk-5'))
  for (const name of ['moves/wrk-20', 'moves/wrk-77', 'outbox/wrk-4~tx1', 'guards/wrk-5'])
    age(queue, `.wrk/${name}`)
  return queue
}

const FOR_A_PERSON = [
  'error id-mismatch WRK-13',
  'error no-frontmatter WRK-14',
  'error not-a-file WRK-18',
  'error two-places WRK-10',
  'error unreadable WRK-11',
  'error unreadable-lock WRK-22',
  'note dangling-dependency WRK-23',
  'warning circular-dependency WRK-15',
  'warning dangling-dependency WRK-17',
  'warning duplicate-key WRK-12',
  'warning half-lock WRK-6',
  'warning kept-bytes WRK-4.md.1',
  'warning status-folder WRK-10',
  'warning status-folder WRK-19',
  'warning status-folder WRK-21',
  'warning status-folder WRK-4',
]

const REPAIRED = [
  'error two-places WRK-9',
  'warning cut-short-move WRK-20',
  'warning dead-lock WRK-1',
  'warning dead-lock WRK-7',
  'warning ended-session WRK-2',
  'warning half-lock WRK-5',
  'warning left-over wrk-3',
  'warning left-over wrk-3~run-1',
  'warning left-over wrk-5',
  'warning left-over wrk-77',
  'warning stale-lock WRK-3',
  'warning status-folder WRK-7',
  'warning status-folder WRK-8',
  'warning torn-log events.jsonl',
  'warning unlogged-change WRK-4',
]

describe('a queue with one of everything', () => {
  test('is reported, each finding with how to fix it, and nothing is changed', async () => {
    const queue = sickQueue()
    const before = snapshot(queue.root)
    const { code, json, stderr } = await queue.run('doctor --json')
    expect({ code, stderr, ok: json.ok }).toEqual({ code: 1, stderr: '', ok: false })
    const { findings } = json
    const drafts = (all: Json[]) => all.filter(({ path }) => path?.includes('/.wrk/tmp/'))
    expect(drafts(findings)).toMatchObject([{ code: 'left-over', fix: { kind: 'remove-drafts' } }])
    const others = findings.filter((one: Json) => !drafts(findings).includes(one))
    expect(inShort(others.filter(({ fix }: Json) => fix))).toEqual(REPAIRED)
    expect(inShort(others.filter(({ fix }: Json) => !fix))).toEqual(
      [...FOR_A_PERSON, 'warning status-folder WRK-9'].sort(),
    )
    expect(json.remaining).toBe(findings.filter(({ severity }: Json) => severity !== 'note').length)
    for (const { advice, message } of findings) expect({ message, advice }).not.toMatchObject({ advice: '' })
    const place = (id: string) => findings.find((one: Json) => one.item === id)
    expect(place('WRK-13')).toMatchObject({ line: 2, column: 1, path: queue.path('WRK-13') })
    expect(place('WRK-17')).toMatchObject({ line: 9, column: 1 })
    expect(snapshot(queue.root)).toEqual(before)
  })

  test('is repaired where one answer is safe; a second time changes not one byte', async () => {
    const queue = sickQueue()
    const before = snapshot(queue.root)
    const first = await queue.run('doctor --fix --json')
    expect(first.code).toBe(1)
    expect(first.json.failed).toEqual([])
    expect(inShort(first.json.findings)).toEqual(FOR_A_PERSON)
    expect(inShort(first.json.fixed).filter(one => !one.includes('.x1'))).toEqual(REPAIRED)

    const free = { by: '', at: '' }
    for (const name of ['WRK-1', 'WRK-2', 'WRK-3', 'WRK-5', 'working/WRK-7.md'])
      expect(queue.lock(name)).toEqual(free)
    expect(queue.lock('WRK-4').by).toBe('living')
    expect(queue.lock('WRK-6').by).toBe('claude-elsewhere-abc123')
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
    const moved = ['archive/2026-01/WRK-8.md', 'blocked/WRK-20.md', 'done/WRK-9.md', 'working/WRK-7.md']
    for (const name of moved) expect(queue.exists(name)).toBe(true)
    for (const id of ['WRK-7', 'WRK-8', 'WRK-9', 'WRK-20']) expect(queue.exists(id)).toBe(false)
    const untouched = ['WRK-4', 'WRK-6', 'WRK-10', 'WRK-11', 'WRK-12', 'WRK-13', 'WRK-14', 'WRK-15', 'WRK-21']
    for (const id of untouched)
      expect(queue.read(id)).toBe(Buffer.from(before[`pending/${id}.md`]!, 'latin1').toString())
    expect(queue.leftovers()).toEqual(['conflicts/WRK-4.md.1'])
    for (const folder of ['.wrk/moves', '.wrk/runs']) expect(readdirSync(queue.path(folder))).toEqual([])

    const after = snapshot(queue.root)
    const second = await queue.run('doctor --fix --json')
    expect(second.code).toBe(1)
    expect({ fixed: second.json.fixed, findings: inShort(second.json.findings) }).toEqual({
      fixed: [],
      findings: FOR_A_PERSON,
    })
    expect(snapshot(queue.root)).toEqual(after)
  })

  test('every change of an item is in the log, which reads again behind its torn line', async () => {
    const queue = sickQueue()
    await queue.run('doctor --fix')
    const { events } = (await queue.run('log --json')).json
    const seen = events.map(({ type, item: id, previous_holder, session }: Json) => [
      type,
      id,
      previous_holder,
      session,
    ])
    expect(seen.filter(([type]: string[]) => type === 'released').sort()).toEqual([
      ['released', 'WRK-1', 'crashed', null],
      ['released', 'WRK-2', 'over', null],
      ['released', 'WRK-3', 'claude-elsewhere-abc123', null],
      ['released', 'WRK-7', 'crashed/helper', null],
    ])
    expect(events.find((one: Json) => one.item === 'WRK-1').reason).toMatch(/^reaped: its holder is dead/)
    const others = seen
      .filter(([type]: string[]) => type !== 'released')
      .map(([type, id]: string[]) => `${type} ${id}`)
    expect(others.sort()).toEqual(['changed WRK-5', 'changed WRK-9', 'moved WRK-7', 'moved WRK-8'])
    expect(queue.read('.wrk/events.jsonl')).toMatch(
      /^\{"seq":1,"time":"2026-01-01T00:00:00Z","type":"gran\n\{"seq":1,/,
    )
  })

  test('is described in lines of 80 columns, with counts first and what --fix would do', async () => {
    const queue = sickQueue()
    const { stdout, stderr, code } = await queue.run('doctor')
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines[0]).toBe(`${queue.root}: 25 items, 7 errors, 25 warnings, 1 note; --fix repairs 16`)
    expect(lines.filter(line => line.includes('the file has no frontmatter'))).toEqual([
      '  pending/WRK-14.md:1:1: the file has no frontmatter: its first line is not `---`',
    ])
    expect(stdout).toContain('error: ids in several places (2)')
    expect(stdout).toContain('     --fix: move it to working/')
    expect(stdout).toContain('waits for WRK-99, which is not in the queue')
  })
})

test('a lock of a wrong clock, far in the future, is as old as its file', async () => {
  const queue = makeQueue({ 'WRK-1': heldItem('WRK-1', 'claude-elsewhere-abc123', ago(-3 * HOUR)) })
  expect((await queue.run('doctor --json')).json.findings).toEqual([])
  expect((await queue.run('list --json')).json.items).toMatchObject([{ liveness: 'unknown' }])
  utimesSync(queue.path('WRK-1'), ago(3 * HOUR), ago(3 * HOUR))
  expect(inShort((await queue.run('doctor --json')).json.findings)).toEqual(['warning stale-lock WRK-1'])
})

test('an unknown setting is reported with its place and a suggestion, and stops nothing', async () => {
  const settings = '# ours\nttl: 3h\ntakover: dead-only\n"unlistd": unknown\ncolour: {theme: dark}\n'
  const queue = makeQueue({ 'WRK-1': item('WRK-1'), 'wrk.yaml': settings })
  const { code, json } = await queue.run('doctor --fix --json')
  expect(code).toBe(1)
  const common = { code: 'unknown-setting', severity: 'warning', path: queue.path('wrk.yaml'), column: 1 }
  expect(json.findings).toMatchObject([
    { ...common, line: 3, advice: 'Did you mean takeover? Correct it or remove it.' },
    { ...common, line: 4, advice: 'Did you mean unlisted? Correct it or remove it.' },
    { ...common, line: 5, advice: 'Correct it or remove it.' },
  ])
  expect((await queue.run('claim WRK-1')).code).toBe(0)
  expect(queue.read('wrk.yaml')).toBe(settings)
  const known = 'id_prefix: WRK\nttl: 2h\ntakeover: ttl\nunlisted: dead\nworktrees: shared\n'
  queue.write('wrk.yaml', `${known}id_ranges: {here: 1-9}\nproviders: {sh: [sh]}\ngates: {spec_ref: [all]}\n`)
  expect((await queue.run('doctor --json')).json.findings).toEqual([])
})

test('a date that puts nothing off and what verify would refuse are reported with place and command', async () => {
  const queue = makeQueue({
    'pending/WRK-1.md': item('WRK-1', { deferred_until: 'tomorrow', not_before: '2026-12-01' }),
    'done/WRK-2.md': item('WRK-2', { status: 'done', not_before: 'soon' }),
    'working/WRK-3.md': '---\nid: WRK-3\ntitle:\n---\n',
    'pending/WRK-4.md': '---\ntitle: Four\nstatus: pending\n---\n',
    'pending/WRK-5.md': item('WRK-5', { priority: '5' }),
    'pending/WRK-6.md': item('WRK-6', { priority: '0' }),
    'pending/WRK-7.md': item('WRK-7', { priority: 'None' }),
  })
  const { code, json } = await queue.run('doctor --json')
  const found = json.findings.map(
    ({ code, severity, item, line }: Json) => `${severity} ${code} ${item}:${line}`,
  )
  expect(found.sort()).toEqual([
    'note missing-field WRK-3:1',
    'note missing-field WRK-3:3',
    'note missing-field WRK-4:1',
    expect.stringMatching(/^note unknown-priority WRK-5:\d+$/),
    'warning unreadable-date WRK-1:9',
  ])
  expect(code).toBe(1)
  // Each command that is named does what it says; an id is written by hand.
  const commands = json.findings.map(({ advice }: Json) => /wrk set .*/.exec(advice)?.[0])
  for (const command of commands.filter(Boolean)) {
    const words = command.replace('…', command.includes('deferred') ? '2026-12-31' : 'x').replaceAll('"', '')
    expect((await queue.run(words.replace(/^wrk /, ''))).code).toBe(0)
  }
  expect((await queue.run('doctor --json')).json.findings).toMatchObject([
    { code: 'missing-field', item: 'WRK-4', advice: expect.stringContaining('add the line "id: WRK-4"') },
  ])
  expect(queue.read('working/WRK-3.md')).toContain('status: working\n')
})

test('files like items that no command sees are noted', async () => {
  const seen = ['WRK-1.md', 'pending/WRK-2-x.md', 'archive/2026-01/hub-3.md']
  const unseen = [
    'pending/sub/WRK-4.md',
    'archive/2026-01/deep/er/WRK-5.md',
    'archive/later/WRK-6.md',
    'done/WRK-7.MD',
    'WRK-8.markdown',
    'blocked/workspace-hub#1311.md',
  ]
  const others = ['specs/WRK-1.md', 'pending/notes.md', 'pending/2026-02-01.md', 'working/WRK-1/log.txt']
  const queue = makeQueue()
  for (const name of [...seen, ...unseen, ...others]) {
    mkdirSync(dirname(queue.path(name)), { recursive: true })
    writeFileSync(queue.path(name), item(name.replace(/^.*\/|(-x)?\.\w+$/g, ''), { status: null }))
  }
  symlinkSync(queue.path('specs'), queue.path('pending/linked'))
  const { code, json } = await queue.run('doctor --json')
  const notes = json.findings.filter(({ code }: Json) => code === 'unseen-item')
  expect(notes.map(({ path }: Json) => path.slice(queue.root.length + 1)).sort()).toEqual(unseen.sort())
  expect(notes.every(({ severity }: Json) => severity === 'note')).toBe(true)
  expect(code).toBe(0)
})

test('many findings of one kind are counted, and the first are shown', async () => {
  const queue = makeQueue(Object.fromEntries([...Array(30).keys()].map(i => [`WRK-${i + 1}`, '# no\n'])))
  const { stdout } = await queue.run('doctor')
  expect(stdout).toContain('error: no frontmatter (30)')
  expect(stdout).toContain('  and 22 more: wrk doctor --json')
  expect(stdout.split('\n').length).toBeLessThan(30)
})

test('text from files cannot reach the terminal as it is', async () => {
  const queue = makeQueue({
    'WRK-1': heldItem('WRK-1', 'a\\e[31mb', ago(3 * HOUR), { status: '"done\\e[2J"' }),
  })
  const { stdout } = await queue.run('doctor')
  expect(stdout).toContain('stale locks (1)')
  expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
})

test('links in place of folders and items are reported, never followed', async () => {
  const elsewhere = tempFolder()
  const queue = makeQueue({ 'WRK-1': item('WRK-1', { status: 'working' }) })
  renameSync(queue.path('working'), join(elsewhere, 'working'))
  symlinkSync(join(elsewhere, 'working'), queue.path('working'))
  symlinkSync(elsewhere, queue.path('archive/2026-01'))
  const before = snapshot(queue.root)
  const { code, json } = await queue.run('doctor --fix --json')
  expect(code).toBe(1)
  expect(inShort(json.findings)).toEqual([
    'error not-a-folder 2026-01',
    'error not-a-folder working',
    'warning status-folder WRK-1',
  ])
  expect(snapshot(queue.root)).toEqual(before)
  expect(readdirSync(join(elsewhere, 'working'))).toEqual([])
})

describe('git', () => {
  test('a new queue has no errors: hooks that were never installed are a note', async () => {
    const repository = await makeRepository(null)
    expect((await repository.wrk('init')).code).toBe(0)
    repository.write('WRK-1', item('WRK-1'))
    expect((await repository.wrk('claim WRK-1')).code).toBe(0)
    const { code, stdout } = await repository.wrk('doctor')
    expect(code).toBe(0)
    expect(stdout).toContain('1 item, 1 note')
    expect(stdout).toContain('wrk hooks install')
    expect((await repository.wrk('hooks install')).code).toBe(0)
    expect((await repository.wrk('doctor')).stdout).toContain('1 item, nothing is wrong')
  })

  test('what it tracks and should not is reported, with the command', async () => {
    const repository = await makeRepository()
    await repository.wrk('claim WRK-1')
    await repository.git(['add', '-f', join(repository.queue, 'session-state.yaml')])
    const { code, json } = await repository.wrk('doctor --fix --json')
    expect(code).toBe(1)
    const finding = json.findings.find((one: Json) => one.code === 'tracked-state')
    expect(finding).toMatchObject({
      severity: 'warning',
      fix: null,
      advice: expect.stringMatching(/^git rm -r --cached/),
    })
    await repository.git(finding.advice.split(',')[0].split(' ').slice(1))
    expect((await repository.wrk('doctor --json')).json.remaining).toBe(0)
    repository.write(join(repository.queue, '.gitignore'), '')
    const later = (await repository.wrk('doctor --json')).json
    expect(inShort(later.findings)).toEqual(['note hooks undefined', 'note not-ignored session-state.yaml'])
  })

  test('folders of the queue that it ignores are warned about, a queue that it ignores as a whole is not', async () => {
    const repository = await makeRepository()
    repository.write('.gitignore', '# ours\n\narchive/\n')
    repository.write(
      join(repository.queue, 'archive/2026-02/WRK-7.md'),
      item('WRK-7', { status: 'archived' }),
    )
    await repository.commitAll()
    const { json } = await repository.wrk('doctor --json')
    const found = json.findings.filter((one: Json) => one.code === 'ignored-folder')
    expect(found).toMatchObject([
      {
        severity: 'warning',
        path: join(repository.top, repository.queue, 'archive'),
        message: 'git ignores this folder (.gitignore:3: archive/): items moved there leave git',
      },
      { message: expect.stringMatching(/leave git; 1 item is there now$/) },
    ])
    // An item that git tracks there all the same stays in git, and so may the rule.
    await repository.git(['add', '-f', join(repository.queue, 'archive/2026-02/WRK-7.md')])
    expect(found.length).toBe(2)
    repository.write('.gitignore', '.claude/\n')
    const whole = (await repository.wrk('doctor --json')).json
    expect(inShort(whole.findings).filter(one => one.includes('ignored-folder'))).toEqual([])
  })

  test('hooks of ours that are outdated are written again; an edited one is left to a person', async () => {
    const repository = await makeRepository()
    await repository.wrk('hooks install')
    const hook = '.git/hooks/pre-commit'
    const current = repository.read(hook)
    const [shebang, mark, ...body] = current.split('\n')
    const older = body.join('\n').replace('Asks wrk', 'Asks another wrk')
    repository.write(hook, `${shebang}\n${mark!.replace(/, [0-9a-f]+/, `, ${shortHash(older)}`)}\n${older}`)
    const { code, json } = await repository.wrk('doctor --fix --json')
    expect({ code, fixed: inShort(json.fixed) }).toEqual({ code: 0, fixed: ['warning hooks pre-commit'] })
    expect(repository.read(hook)).toBe(current)

    repository.append(hook, 'echo more\n')
    const edited = await repository.wrk('doctor --fix --json')
    expect({ code: edited.code, findings: inShort(edited.json.findings) }).toEqual({
      code: 1,
      findings: ['warning hooks pre-commit'],
    })
    expect(repository.read(hook)).toBe(`${current}echo more\n`)
  })
})

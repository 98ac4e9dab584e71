/** `wrk edit`: a copy is edited, checked, and written in one step; nothing half-written is ever an item. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Json, Result } from '../support/result.ts'
import { registry } from '../support/sessions.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'

/** An editor that runs a line of shell; `$1` is the file. */
function editor(queue: Queue, script: string): { EDITOR: string; VISUAL: string } {
  const path = join(queue.home, 'an editor')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return { EDITOR: 'false', VISUAL: `"${path}"` }
}

async function edited(queue: Queue, script: string, args = 'edit 1 --json'): Promise<Result> {
  return queue.run(args, { env: editor(queue, script) })
}

const sed = (expression: string) => `sed -i '${expression}' "$1"`

function keptIn({ json }: { json: Json }): string {
  expect(json.error.hint).toBe(`Your text is kept in ${json.kept}`)
  return readFileSync(json.kept, 'utf8')
}

describe('what was saved', () => {
  test('becomes the item, byte for byte, in one step with an event', async () => {
    const before = item('WRK-1', { priority: 'low # really' }).replaceAll('\n', '\r\n')
    const queue = makeQueue({ 'pending/WRK-1.md': before })
    const { code, json } = await edited(queue, `${sed('s/low/high/')}; printf 'More.\\r\\n' >> "$1"`)
    expect([code, json]).toMatchObject([
      0,
      { ok: true, changed: true, changed_fields: ['priority'], body_changed: true },
    ])
    expect(queue.read('WRK-1')).toBe(`${before.replace('low', 'high')}More.\r\n`)
    expect(queue.events().at(-1)).toMatchObject({ type: 'changed', item: 'WRK-1', reason: 'priority, text' })
    expect(queue.leftovers()).toEqual([])
  })

  test('unchanged leaves the item alone, and no copy', async () => {
    const queue = makeQueue(['WRK-1'])
    const { stdout } = await edited(
      queue,
      `cp "$1" "${queue.home}/seen"; echo "$1" > "${queue.home}/path"`,
      'edit 1',
    )
    expect(stdout).toBe('Nothing changed in WRK-1.\n')
    expect(readFileSync(join(queue.home, 'seen'), 'utf8')).toBe(item('WRK-1'))
    expect(existsSync(readFileSync(join(queue.home, 'path'), 'utf8').trim())).toBe(false)
    expect(queue.events().filter(one => one.item)).toEqual([])
  })

  test('with another status does what its verb does, and keeps a date that was written', async () => {
    const queue = makeQueue({
      'working/WRK-1.md': heldItem('WRK-1', 'tester', ago(MINUTE), { status: 'working' }),
    })
    const { json } = await edited(queue, sed('s/^status: working/status: done\\ncompleted_at: 2020-01-01/'))
    expect(json.item).toMatchObject({ status: 'done', path: queue.path('done/WRK-1.md') })
    expect(queue.read('done/WRK-1.md')).toContain('completed_at: 2020-01-01\n')
    expect(queue.lock('done/WRK-1.md').by).toBe('')
    expect(queue.record('WRK-1')?.state).toBe('done')
  })

  test('is merged with what others wrote meanwhile', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { priority: 'low' }) })
    const wrk = `node ${join(import.meta.dirname, '../../dist/wrk.cjs')}`
    const { code } = await edited(queue, `${wrk} set 1 priority=high >/dev/null; echo 'More.' >> "$1"`)
    expect(code).toBe(0)
    expect(queue.read('WRK-1')).toBe(`${item('WRK-1', { priority: 'high' })}More.\n`)
  })
})

describe('what cannot be the item', () => {
  test.each([
    ['broken frontmatter', sed('s/^title:.*/title: "open/'), 'line '],
    ['no title', sed('/^title:/d'), 'the field title is missing'],
    ['another id', sed('s/^id:.*/id: WRK-2/'), 'WRK-2'],
    ['a key twice', sed('s/^title:/status: done\\ntitle:/'), 'status'],
    ['another lock', sed('s/^locked_by:.*/locked_by: "me"/'), 'locked_by is written by wrk claim'],
    ['the status of an archived item', sed('s/^status:.*/status: archived/'), 'is set by wrk archive WRK-1'],
  ])('is refused and kept: %s', async (_, script, message) => {
    const queue = makeQueue(['WRK-1'])
    const result = await edited(queue, script)
    expect([result.code, result.json.error.code]).toEqual([5, 'INVALID_ITEM'])
    expect(result.json.error.message).toContain(message)
    expect(keptIn(result)).not.toBe(item('WRK-1'))
    expect([queue.read('WRK-1'), queue.events().filter(one => one.item)]).toEqual([item('WRK-1'), []])
  })

  test('is kept also where another changed the same meanwhile', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { priority: 'low' }) })
    const wrk = `node ${join(import.meta.dirname, '../../dist/wrk.cjs')}`
    const result = await edited(queue, `${wrk} set 1 priority=high >/dev/null; ${sed('s/low/critical/')}`)
    expect([result.code, result.json.error.message]).toEqual([
      5,
      'WRK-1 was changed meanwhile, too: priority',
    ])
    expect(keptIn(result)).toContain('critical')
    expect(queue.read('WRK-1')).toContain('priority: high')
  })

  test('is not looked at where the editor fails', async () => {
    const queue = makeQueue(['WRK-1'])
    const nothing = await edited(queue, 'exit 3', 'edit 1')
    expect([nothing.code, nothing.stderr]).toEqual([1, 'wrk: the editor ended with 3; nothing was changed\n'])
    expect(keptIn(await edited(queue, 'echo x >> "$1"; exit 3'))).toBe(`${item('WRK-1')}x\n`)
    expect(queue.read('WRK-1')).toBe(item('WRK-1'))
  })
})

describe('who may edit', () => {
  test('is its holder, or anyone while it is free: the editor does not open for others', async () => {
    const sessions = registry([{ id: 'other', started_at: ago(HOUR), heartbeat_at: new Date() }])
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 'other', ago(MINUTE)),
      'session-state.yaml': sessions,
    })
    const { code, json } = await edited(queue, `touch "${queue.home}/opened"`)
    expect([code, json.error.code]).toEqual([4, 'LOCKED'])
    expect(existsSync(join(queue.home, 'opened'))).toBe(false)
  })

  test('loses a race for the item with the text kept', async () => {
    const queue = makeQueue(['WRK-1'])
    const wrk = `node ${join(import.meta.dirname, '../../dist/wrk.cjs')}`
    const result = await edited(queue, `${wrk} claim 1 --session other >/dev/null; echo x >> "$1"`)
    expect([result.code, result.json.error.code]).toEqual([4, 'LOCKED'])
    expect(keptIn(result)).toContain('\nx\n')
  })

  test('needs a session and an editor', async () => {
    const queue = makeQueue(['WRK-1'])
    expect((await queue.run('edit 1', { session: null, env: { EDITOR: 'true' } })).code).toBe(2)
    const { code, stderr } = await queue.run('edit 1')
    expect([code, stderr]).toEqual([
      2,
      'wrk: no editor: VISUAL and EDITOR are not set\n     Set one: export EDITOR=nano\n',
    ])
  })
})

test('without an id the item that the caller holds is edited', async () => {
  const queue = makeQueue(['WRK-1', 'WRK-2'])
  await queue.run('claim 2')
  const { stdout } = await edited(queue, 'echo x >> "$1"', 'edit')
  expect(stdout).toBe('Changed WRK-2: text\n')
})

test('an item that cannot be read is opened where it is, and is an item again', async () => {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1').replace('title: ', 'title: "') })
  const still = await edited(queue, sed('s/x/x/'))
  expect([still.code, still.json.error.code]).toEqual([5, 'INVALID_ITEM'])
  expect((await edited(queue, sed('s/title: "/title: /'))).json).toMatchObject({ ok: true, changed: true })
  expect((await queue.run('claim 1')).code).toBe(0)
})

test.runIf(haveTerminals())(
  'on a terminal one may go back to the editor, with the text as it was left',
  async () => {
    const queue = makeQueue(['WRK-1'])
    const opened = join(queue.home, 'opened')
    const script = `touch ${opened}; if grep -q '^titel' "$1"; then ${sed('s/^titel/title/')}; else ${sed('s/^title: .*/titel: New/')}; fi`
    const terminal = await openTerminal(queue, { env: editor(queue, script) })
    const screen = terminal.screen('wrk edit 1')
    await until('the editor is open', () => existsSync(opened))
    terminal.press('y\r')
    expect(await screen).toContain('the field title is missing')
    expect(queue.read('WRK-1')).toContain('title: New\n')
  },
)

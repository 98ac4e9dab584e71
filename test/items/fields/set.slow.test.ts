/** The rest of set.test.ts: what takes too long for every run. */
import { describe, expect, test } from 'vitest'
import { item } from '../../support/items.ts'
import { makeQueue } from '../../support/queue.ts'
import { withLine } from './set.shared.ts'

describe('a value is replaced in place, in the way it was written:', () => {
  test.each<[before: string, set: string, after: string]>([
    ['k: old', 'k=new', 'k: new'],
    ['k:   old   # why', 'k=new words', 'k:   new words   # why'],
    ['k: "old" # why', 'k=new', 'k: "new" # why'],
    ['k: "old"', 'k=say "it" \\n', 'k: "say \\"it\\" \\\\n"'],
    ["k: 'it''s' # why", 'k=that’s', "k: 'that’s' # why"],
    ["k: 'old'", "k=that's it", "k: 'that''s it'"],
    ["k: 'old'", 'k=a\tb', 'k: "a\\tb"'],
    ['k:', 'k=new', 'k: new'],
    ['k: # why', 'k=new', 'k: new # why'],
    ['k: ~', 'k=new', 'k: new'],
    ['k: null', 'k=new', 'k: new'],
    ['k: old', 'k=', 'k: ""'],
    ["k: 'old'", 'k=', "k: ''"],
    ['k: |\n  some\n  text', 'k=new', 'k: new'],
    ['k: >-\n  some\n  text', 'k=new', 'k: new'],
    ['k: some\n  more # why', 'k=new', 'k: new # why'],
    ['"k": old', 'k=new', '"k": new'],
    ['k: old', 'k=true', 'k: true'],
    ['k: false', 'k=true', 'k: true'],
    ['k: "false"', 'k=true', 'k: "true"'],
    ['k: 1', 'k=50', 'k: 50'],
    ['k: 1', 'k=1.50', 'k: 1.50'],
    ['k: old', 'k=2026-02-16', 'k: 2026-02-16'],
    ['k: old', 'k=2026-02-16T19:30:05Z', 'k: 2026-02-16T19:30:05Z'],
    ['k: old', 'k=https://x.y/z?a=b#c', 'k: https://x.y/z?a=b#c'],
    ['k: old', 'k=a=b', 'k: a=b'],
    ['k: old', 'k=née 😀 項目', 'k: née 😀 項目'],
    ['k: old', 'k=a: b', 'k: "a: b"'],
    ['k: old', 'k=a # b', 'k: "a # b"'],
    ['k: old', 'k= new ', 'k: " new "'],
    ['k: old', 'k=[a, b]', 'k: "[a, b]"'],
    ['k: old', 'k=*all', 'k: "*all"'],
    ['k: old', 'k=- a', 'k: "- a"'],
    ['k: old', 'k=key:', 'k: "key:"'],
    ['k: old', 'k=---', 'k: "---"'],
    ['k: old', 'k=\u0085\u2028\u200b', 'k: "\\u0085\\u2028\u200b"'],
  ])('%j, %j', async (before, set, after) => {
    for (const crlf of [false, true]) {
      const ends = (text: string) => (crlf ? text.replaceAll('\n', '\r\n') : text)
      const queue = makeQueue({ 'WRK-1': ends(withLine(before)) })
      const { code, json, stderr } = await queue.run(['set', 'WRK-1', set, '--json'])
      expect({ code, stderr, changed: json.changed }).toEqual({ code: 0, stderr: '', changed: true })
      expect(queue.read('WRK-1')).toBe(ends(withLine(after)))
      const value = set.slice(2)
      expect(json.fields).toEqual({ k: value })
      const shown = (await queue.run('show WRK-1 --json')).json.fields.k
      // Plain words keep the meaning that they have as they are.
      expect(String(shown)).toBe(value === '1.50' ? '1.5' : value)
      expect(queue.leftovers()).toEqual([])
    }
  })
})

describe('a missing key', () => {
  test.each(['true', 'y', '_', '__proto__', 'constructor', 'a-b', 'A1'])('may be called %s', async key => {
    const queue = makeQueue(['WRK-1'])
    const { code, json } = await queue.run(['set', 'WRK-1', `${key}=value`, '--json'])
    expect([code, Object.entries(json.fields)]).toEqual([0, [[key, 'value']]])
    expect(queue.read('WRK-1')).toContain(`\n${key}: value\n---\n`)
    expect((await queue.run(['set', 'WRK-1', `${key}=other`])).code).toBe(0)
    expect(queue.read('WRK-1')).toContain(`\n${key}: other\n---\n`)
  })
})

describe('a status that --stay writes does not belong in the folder, and a command is named:', () => {
  test.each([
    ['pending', 'done', 'wrk done WRK-1', /^done$/],
    ['working', 'Merged', 'wrk done WRK-1', /^done$/],
    ['pending', 'archived', 'wrk archive WRK-1', /^archive\/\d{4}-\d\d$/],
    ['pending', 'blocked', 'wrk doctor --fix', /^blocked$/],
    ['working', 'pending', 'wrk doctor --fix', /^pending$/],
    ['done', 'pending', 'wrk reopen WRK-1', /^pending$/],
    ['archive/2026-01', 'in-progress', 'wrk start WRK-1', /^working$/],
    ['archive', 'blocked', 'wrk block WRK-1', /^blocked$/],
  ])('%s/, %s: %s', async (folder, status, command, home) => {
    const queue = makeQueue({ [`${folder}/WRK-1.md`]: item('WRK-1', { status: folder.split('/')[0]! }) })
    const { code, stderr } = await queue.run(`set WRK-1 status=${status} --stay`)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `wrk: warning: WRK-1 is in ${folder}/, which does not fit ${status}. Move it: ${command}\n`,
    })
    expect((await queue.run(command.slice('wrk '.length))).code).toBe(0)
    expect((await queue.run('show WRK-1 --json')).json.item.folder).toMatch(home)
  })
})

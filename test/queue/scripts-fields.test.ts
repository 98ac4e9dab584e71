/** The shell functions that find an item and read its fields, in real bash. */
import { cpSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ago } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { ROOT } from '../support/program.ts'
import { run } from '../support/run.ts'
import { stampedSnapshot, Workspace } from './scripts.shared.ts'

describe('resolve_wrk_file', () => {
  test('distinguishes a number with parts from the number alone', async () => {
    const names = ['WRK-222.md', 'WRK-222.1.md', 'WRK-0222.02-pumps.md', 'WRK-7.1x.md']
    const space = new Workspace(Object.fromEntries(names.map(name => [`pending/${name}`, item('WRK-1')])))
    const { stdout } = await space.bash(
      'for id in 222 222.1 WRK-222.2 222.3 7 7.1; do resolve_wrk_file "$id" 2>/dev/null || echo none; done',
    )
    expect(stdout.replaceAll(`${space.queue}/pending/`, '').trim().split('\n')).toEqual([
      ...names.slice(0, 3),
      ...['none', 'none', 'none'],
    ])
  })

  test('a field of an item with a dotted number is set in that item', async () => {
    const items = { 'pending/WRK-222.md': item('WRK-222'), 'pending/WRK-222.01.md': item('WRK-222.1') }
    const space = new Workspace(items)
    const { code } = await space.bash('wrk_set_frontmatter_value "$Q/pending/WRK-222.01.md" priority high')
    expect(code).toBe(0)
    expect(space.read('pending/WRK-222.01.md')).toContain('priority: high')
    expect(space.read('pending/WRK-222.md')).toContain('priority: medium')
  })

  test('in the example queue it agrees with wrk about every item', async () => {
    const space = new Workspace()
    cpSync(join(ROOT, 'fixtures', 'queue'), space.queue, { recursive: true })
    const { json } = await run('list --json', { cwd: space.root })
    const paths = new Map<string, string[]>()
    for (const {
      item: { id, path },
    } of json.items.map((one: object) => ('item' in one ? one : { item: one })))
      paths.set(id, [...(paths.get(id) ?? []), path])
    expect(paths.size).toBeGreaterThan(3)
    const ids = [...paths.keys()].filter(id => /^[\w-]+[-#]\d+$/.test(id))
    const { stdout } = await space.bash(
      `for id in ${ids.join(' ')}; do resolve_wrk_file "$id" 2>/dev/null || echo; done`,
    )
    for (const [i, path] of stdout.trimEnd().split('\n').entries()) expect(paths.get(ids[i]!)).toContain(path)
  })

  test('one of several places is used with a warning that names them; links are passed over', async () => {
    const space = new Workspace({ 'pending/WRK-1.md': 'x', 'working/WRK-1.md': 'x' })
    const { code, stdout, stderr } = await space.bash('resolve_wrk_file 1')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${space.path('working/WRK-1.md')}\n` })
    expect(stderr).toContain('has several files')
    expect(stderr).toContain(space.path('pending/WRK-1.md'))

    const outside = tempFolder()
    writeFileSync(join(outside, 'WRK-2.md'), item('WRK-2'))
    symlinkSync(join(outside, 'WRK-2.md'), space.path('pending/WRK-2.md'))
    rmSync(space.path('done'), { recursive: true })
    symlinkSync(outside, space.path('done'))
    expect((await space.bash('resolve_wrk_file 2')).code).toBe(1)
  })

  test('the prefix of short ids is that of wrk.yaml', async () => {
    const space = new Workspace({
      'wrk.yaml': 'ttl: 1h\r\nid_prefix: "JOB" # ours\r\n',
      'pending/JOB-1.md': 'x',
      'pending/WRK-1.md': 'x',
    })
    expect((await space.bash('resolve_wrk_file 1')).stdout).toBe(`${space.path('pending/JOB-1.md')}\n`)
  })
})

describe('values of the frontmatter', () => {
  const TEXT = `---
id: WRK-1
plain: some words  # a comment
hash: a#b
double: "a \\"b\\" \\\\ \\u00e9 # c"   # a comment
single: 'it''s # c'
empty:
quoted_empty: ""
only_comment: # nothing
none: null
list:
  - double
flow: [a, b]
folded: >-
  one
  two
literal: |
  one
    two
long: one
  two
quoted_long: "one
  two"
url: https://example.org/#x
twice: first
twice: second
date: 2026-02-16T19:30:00Z
---
body: not this
---
other: nor this
`
  const VALUES: [key: string, value: string][] = [
    ['id', 'WRK-1'],
    ['plain', 'some words'],
    ['hash', 'a#b'],
    ['double', 'a "b" \\ é # c'],
    ['single', "it's # c"],
    ['empty', ''],
    ['quoted_empty', ''],
    ['only_comment', ''],
    ['none', ''],
    ['list', ''],
    ['flow', '[a, b]'],
    ['folded', 'one two'],
    ['literal', 'one\n  two'],
    ['long', 'one two'],
    ['quoted_long', 'one two'],
    ['url', 'https://example.org/#x'],
    ['twice', 'first'],
    ['date', '2026-02-16T19:30:00Z'],
    ['body', ''],
    ['other', ''],
    ['absent', ''],
    ['plai', ''],
  ]

  test.each([
    ['as it is', TEXT],
    ['with CRLF', TEXT.replaceAll('\n', '\r\n')],
    ['with a byte order mark', `\uFEFF${TEXT}`],
  ])('are read without quotes and comments, %s', async (_, text) => {
    const space = new Workspace({ 'WRK-1': text })
    const { code, stdout, stderr } = await space.bash(
      `for key in ${VALUES.map(([key]) => key).join(' ')}; do
  value="$(wrk_get_frontmatter_value "$Q/pending/WRK-1.md" "$key")"
  printf '%s=%s\\0' "$key" "$value"
done`,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\0').slice(0, -1)).toEqual(VALUES.map(([key, value]) => `${key}=${value}`))
  })

  test('there are none without a frontmatter or its end; a file that is not there is 1, a bad key 2', async () => {
    const space = new Workspace({ 'WRK-1': 'id: WRK-1\n', 'WRK-2': '---\nid: WRK-2\n', 'WRK-3': '' })
    const { stdout, stderr } = await space.bash(`
for n in 1 2 3; do wrk_get_frontmatter_value "$Q/pending/WRK-$n.md" id; done
wrk_get_frontmatter_value "$Q/pending/WRK-4.md" id || echo "missing $?"
wrk_get_frontmatter_value "$Q/pending/WRK-1.md" 'a: b' || echo "key $?"
wrk_get_frontmatter_value || echo "usage $?"`)
    expect(stdout).toBe('missing 1\nkey 2\nusage 2\n')
    expect(stderr).toContain('WRK-4.md cannot be read')
  })

  test('are set in place by wrk, whatever they hold', async () => {
    const space = new Workspace({
      'WRK-1': item('WRK-1').replace('priority: medium', 'owner: medium # why'),
    })
    const before = space.read('WRK-1')
    for (const value of [
      'high',
      '',
      'a "b" # c: d \\ é',
      "$(touch made) `touch made` 'x'",
      '- [ ] {',
      'true',
      ' x ',
    ]) {
      const { code, stdout, stderr } = await space.bash(
        `file="$(resolve_wrk_file 1)"
wrk_set_frontmatter_value "$file" owner "$VALUE"
value="$(wrk_get_frontmatter_value "$file" owner; echo x)"
printf '%s' "\${value%?x}"`,
        { env: { VALUE: value } },
      )
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: value, stderr: '' })
      expect(space.read('WRK-1').replace(/^owner: .*$/m, '')).toBe(before.replace(/^owner: .*$/m, ''))
    }
    expect(readdirSync(space.home)).not.toContain('made')
  })

  test('of the lock, of other files and of others’ items are not set', async () => {
    const space = new Workspace({
      'WRK-1': item('WRK-1'),
      'WRK-2': heldItem('WRK-2', 'other', ago(60_000)),
      'notes/WRK-3.md': item('WRK-3'),
      'pending/README.md': '---\na: b\n---\n',
    })
    writeFileSync(join(space.root, 'WRK-1.md'), item('WRK-1'))
    const before = stampedSnapshot(space.root)
    const { stdout, stderr } = await space.bash(`
try() { wrk_set_frontmatter_value "$@" || echo "$?"; }
try "$Q/pending/WRK-1.md" locked_by me
try "$Q/pending/WRK-1.md" locked_at ''
try "$Q/pending/WRK-1.md" id WRK-9
try "$Q/pending/WRK-1.md" 'a=b' c
try "$Q/notes/WRK-3.md" a b
try "$Q/pending/README.md" a b
try "$W/WRK-1.md" a b
try "$Q/pending/WRK-99.md" a b
try "$Q/pending/WRK-2.md" a b
try "$Q/pending/WRK-1.md" a $'b\\nlocked_by: me'
try "$Q/pending/WRK-1.md" a`)
    expect(stdout.trim().split('\n')).toEqual(['2', '2', '2', '2', '2', '2', '2', '1', '4', '2', '2'])
    expect(stderr).toContain('locked_by belongs to the lock\n     claim_wrk and release_wrk change it.')
    const after = stampedSnapshot(space.root)
    for (const name of Object.keys(before)) if (name.endsWith('.md')) expect(after[name]).toBe(before[name])
  })
})

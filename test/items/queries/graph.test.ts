/** wrk graph: what waits for what, as a tree, for Graphviz and for Mermaid; circles and what is not there are named. */
import { describe, expect, test } from 'vitest'
import { item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'
import type { Json } from '../../support/result.ts'

const waits = (id: string, ...others: string[]) =>
  item(id, { title: id.toLowerCase(), blocked_by: `[${others.join(', ')}]` })
const free = (id: string, more = {}) => item(id, { title: id.toLowerCase(), ...more })

const diamond = () =>
  makeQueue({
    'pending/WRK-1.md': free('WRK-1'),
    'working/WRK-2.md': item('WRK-2', { title: 'two', status: 'working', depends_on: '1' }),
    'pending/WRK-10.md': waits('WRK-10', 'WRK-1'),
    'pending/WRK-4.md': waits('WRK-4', 'WRK-2', 'WRK-10'),
    'pending/WRK-5.md': waits('WRK-5', 'WRK-4'),
    'pending/WRK-6.md': free('WRK-6'),
    'done/WRK-7.md': free('WRK-7', { status: 'done' }),
    'pending/WRK-8.md': waits('WRK-8', 'WRK-7'),
  })

const shown = async (queue: Queue, args = ''): Promise<string> => {
  const { code, stdout, stderr } = await queue.run(`graph${args && ` ${args}`}`)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('the tree', () => {
  test('shows what each item unblocks, once in full, by number', async () => {
    expect(await shown(diamond())).toBe(
      `WRK-1  wrk-1 (pending)
├─ WRK-2  two (working)
│  └─ WRK-4  wrk-4 (pending)
│     └─ WRK-5  wrk-5 (pending)
└─ WRK-10  wrk-10 (pending)
   └─ WRK-4 (see above)
`,
    )
  })

  test('of one item shows both directions, and nothing unrelated', async () => {
    expect(await shown(diamond(), '4')).toBe(
      `WRK-4  wrk-4 (pending)
  waits for:
  ├─ WRK-2  two (working)
  │  └─ WRK-1  wrk-1 (pending)
  └─ WRK-10  wrk-10 (pending)
     └─ WRK-1  wrk-1 (pending)
  unblocks:
  └─ WRK-5  wrk-5 (pending)
`,
    )
    expect(await shown(diamond(), 'WRK-6')).toBe(
      'WRK-6  wrk-6 (pending)\n  waits for nothing\n  unblocks nothing\n',
    )
  })

  test('shows closed items only with --all, or when it is asked about one', async () => {
    expect(await shown(diamond(), '--all')).toContain('WRK-7  wrk-7 (done)\n└─ WRK-8  wrk-8 (pending)\n')
    expect(await shown(diamond(), '7')).toBe(
      'WRK-7  wrk-7 (done)\n  waits for nothing\n  unblocks:\n  └─ WRK-8  wrk-8 (pending)\n',
    )
  })

  test('of a queue without dependencies says so', async () => {
    expect(await shown(makeQueue(['WRK-1']))).toBe('No open item waits for another.\n')
    expect(await shown(makeQueue())).toBe('No open item waits for another.\n')
  })

  test('fits into the screen, ids, status and marks included', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1', { title: `"${'long title '.repeat(20)}"` }),
      'pending/WRK-2.md': item('WRK-2', { title: `"${'another long '.repeat(20)}"`, blocked_by: '1' }),
      'pending/WRK-3.md': item('WRK-3', { title: '"control \\e[31m character"', blocked_by: '2' }),
    })
    for (const width of [40, 80, 120]) {
      const { stdout } = await queue.run('graph', { env: { COLUMNS: `${width}` } })
      const lines = stdout.trimEnd().split('\n')
      expect(lines.filter(line => line.length > width)).toEqual([])
      expect(lines.every(line => line.endsWith(' (pending)'))).toBe(true)
      expect(stdout).not.toContain('\x1b')
    }
  })

  test('of a chain of 1,500 items is drawn in time', async () => {
    const files = Array.from({ length: 1500 }, (_, i) => [
      `pending/WRK-${i}.md`,
      i ? waits(`WRK-${i}`, `${i - 1}`) : free('WRK-0'),
    ])
    const text = await shown(makeQueue(Object.fromEntries(files)))
    expect(text.split('\n')).toHaveLength(1501)
  })
})

describe('circles and what is not there', () => {
  const knot = () =>
    makeQueue({
      'pending/WRK-1.md': waits('WRK-1', 'WRK-3', 'WRK-99'),
      'pending/WRK-2.md': waits('WRK-2', 'WRK-1'),
      'pending/WRK-3.md': waits('WRK-3', 'WRK-2'),
      'pending/WRK-4.md': waits('WRK-4', 'WRK-4', 'the licence'),
      'pending/WRK-5.md': waits('WRK-5', 'WRK-1'),
      'pending/WRK-6.md': free('WRK-6'),
      'done/WRK-7.md': item('WRK-7', { status: 'done', blocked_by: '[WRK-8, WRK-98]' }),
      'pending/WRK-8.md': waits('WRK-8', 'WRK-7'),
    })

  test('are named below the tree', async () => {
    const text = await shown(knot())
    expect(text).toContain('(a cycle)')
    expect(text).toMatch(
      /Circles:\n {2}WRK-1 waits for WRK-3 waits for WRK-2 waits for WRK-1\n {2}WRK-4 waits for WRK-4\nNot in the queue:\n {2}WRK-1 waits for WRK-99\n {2}WRK-4 waits for the licence\n$/,
    )
    for (const id of ['WRK-1', 'WRK-2', 'WRK-3', 'WRK-4', 'WRK-5']) expect(text).toContain(`${id}  `)
  })

  test('are those that have to do with the item that is asked about', async () => {
    const text = await shown(knot(), '5')
    expect(text).toContain('Circles:\n  WRK-1 waits for WRK-3 waits for WRK-2 waits for WRK-1\nNot in')
    expect(text).toContain('Not in the queue:\n  WRK-1 waits for WRK-99\n')
    expect(text).not.toContain('WRK-4')
    expect(await shown(knot(), '6')).not.toMatch(/Circles|Not in/)
  })

  test('are reported as data, and do not count where an item of them is closed', async () => {
    const json: Json = (await knot().run('graph --json')).json
    expect(json.cycles).toEqual([['WRK-1', 'WRK-3', 'WRK-2'], ['WRK-4']])
    expect(json.dangling).toEqual([
      { id: 'WRK-1', waits_for: 'WRK-99' },
      { id: 'WRK-4', waits_for: 'the licence' },
    ])
    const all: Json = (await knot().run('graph --all --json')).json
    expect(all.cycles).toContainEqual(['WRK-7', 'WRK-8'])
    expect(all.dangling).toContainEqual({ id: 'WRK-7', waits_for: 'WRK-98' })
  })

  test('go to stderr when the drawing is for another program', async () => {
    for (const format of ['--dot', '--mermaid']) {
      const { code, stdout, stderr } = await knot().run(`graph ${format}`)
      expect(code).toBe(0)
      expect(stdout).not.toContain('waits for')
      expect(stderr).toContain('wrk: warning: a cycle: WRK-4 waits for WRK-4\n')
      expect(stderr).toContain('wrk: warning: WRK-1 waits for WRK-99, which is not in the queue\n')
    }
  })
})

describe('drawings', () => {
  const hostile = () =>
    makeQueue({
      'pending/WRK-1.md': item('WRK-1', { title: `'say "hi" \\N <b>; #1 & [x]'` }),
      'pending/a.b-2.md': item('a.b-2', { title: 'x', blocked_by: 'WRK-1' }),
      'pending/a_b-2.md': item('a_b-2', { title: '"`tick`"', blocked_by: '[WRK-1, a.b-2]' }),
      'done/WRK-3.md': item('WRK-3', { title: 'old', status: 'done', blocked_by: 'WRK-1' }),
    })

  test('--dot is a graph of Graphviz: titles quoted, closed items dashed', async () => {
    expect(await shown(hostile(), '--dot --all')).toBe(
      `digraph queue {
  rankdir=LR
  node [shape=box]
  "a.b-2" [label="a.b-2: x"]
  "a_b-2" [label="a_b-2: \`tick\`"]
  "WRK-1" [label="WRK-1: say \\"hi\\" \\\\N <b>; #1 & [x]"]
  "WRK-3" [label="WRK-3: old", style=dashed]
  "WRK-1" -> "a.b-2"
  "WRK-1" -> "a_b-2"
  "a.b-2" -> "a_b-2"
  "WRK-1" -> "WRK-3"
}
`,
    )
  })

  test('--mermaid escapes what Mermaid would obey, and gives every item a name of its own', async () => {
    const text = await shown(hostile(), '--mermaid')
    expect(text).toMatch(/^flowchart LR\n/)
    expect(text).toContain('  wrk_1["WRK-1: say #34;hi#34; \\N #60;b#62;#59; #35;1 #38; [x]"]\n')
    expect(text).toContain('["a_b-2: #96;tick#96;"]')
    const names = [...text.matchAll(/^ {2}(\w+)\[/gm)].map(match => match[1])
    expect(new Set(names).size).toBe(3)
    expect(text.match(/-->/g)).toHaveLength(3)
  })

  test('of nothing are empty graphs', async () => {
    expect(await shown(makeQueue(), '--dot')).toMatch(/^digraph queue \{\n[^"]*\}\n$/)
    expect(await shown(makeQueue(), '--mermaid')).toMatch(/^flowchart LR\n$/)
  })
})

test('reports nodes and edges with --json', async () => {
  const { json } = await diamond().run('graph 4 --json')
  expect(json).toMatchObject({
    ok: true,
    nodes: [
      { id: 'WRK-1', title: 'wrk-1', status: 'pending', closed: false },
      { id: 'WRK-2', status: 'working' },
      { id: 'WRK-4' },
      { id: 'WRK-5' },
      { id: 'WRK-10' },
    ],
    cycles: [],
    dangling: [],
  })
  expect(json.edges).toContainEqual({ id: 'WRK-4', waits_for: 'WRK-10' })
  expect(json.edges).toHaveLength(5)
})

test('of an id that is in two places, the open one counts; broken items break nothing', async () => {
  const queue = makeQueue({
    'pending/WRK-1.md': free('WRK-1'),
    'done/WRK-1.md': free('WRK-1', { status: 'done' }),
    'pending/WRK-2.md': waits('WRK-2', 'WRK-1'),
    'pending/WRK-3.md': '---\nblocked_by: [WRK-1\n---\n',
  })
  expect(await shown(queue)).toBe('WRK-1  wrk-1 (pending)\n└─ WRK-2  wrk-2 (pending)\n')
})

test('wrong ids and flags are reported', async () => {
  const queue = makeQueue(['WRK-1'])
  expect((await queue.run('graph 9 --json')).json.error.code).toBe('NOT_FOUND')
  expect((await queue.run('graph 9')).code).toBe(1)
  expect((await queue.run('graph ../x')).code).toBe(2)
  expect((await queue.run('graph --dot --mermaid')).code).toBe(2)
})

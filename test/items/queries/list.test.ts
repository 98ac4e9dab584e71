/** wrk list: its filters, orders and limits, alone and together. */
import { describe, expect, test } from 'vitest'
import { ago, HOUR, MINUTE } from '../../support/clock.ts'
import { heldItem, item } from '../../support/items.ts'
import { makeQueue, type Queue } from '../../support/queue.ts'
import type { Json } from '../../support/result.ts'

const several = () =>
  makeQueue({
    'pending/WRK-1.md': item('WRK-1', {
      title: 'Login page',
      priority: 'low',
      created_at: '2026-01-05',
      target_repos: '[website]',
      parent: 'WRK-20',
    }),
    'pending/WRK-2.md': item('WRK-2', {
      priority: 'P1',
      blocked_by: '[WRK-1]',
      parent: '"20"',
      target_repo: 'API',
    }),
    'pending/WRK-3.md': item('WRK-3', { title: 'login form', priority: 'High', created_at: '2026-01-01' }),
    'pending/WRK-10.md': item('WRK-10', { priority: 'P9', created_at: '2026-01-03', repository: 'website' }),
    'blocked/WRK-4.md': item('WRK-4', { status: 'blocked', priority: null, created_at: '2026-01-02' }),
    'pending/WRK-5.md': heldItem('WRK-5', 'tester', ago(MINUTE), { blocked_by: 'WRK-99' }),
    'pending/WRK-6.md': heldItem('WRK-6', 'other', ago(9 * HOUR), { priority: 'critical' }),
    'done/WRK-20.md': item('WRK-20', { status: 'done', title: '"b-side"', blocked_by: '[WRK-1]' }),
    'pending/WRK-7.md': 'no frontmatter\n',
  })

async function list(queue: Queue, ...args: string[]): Promise<string[]> {
  const { code, json } = await queue.run(['list', '--json', ...args])
  expect(code).toBe(0)
  return json.items.map(({ id }: Json) => id.replace('WRK-', ''))
}

const set = async (queue: Queue, ...args: string[]) =>
  (await list(queue, ...args)).sort((a, b) => +a - +b).join(' ')

describe('wrk list', () => {
  test('--ready shows what next would choose among', async () => {
    const queue = several()
    expect(await set(queue, '--ready')).toBe('1 3 6 10')
    const { json } = await queue.run('next --explain --json')
    expect(await list(queue, '--ready', '--sort', 'urgency')).toEqual(
      [json.item, ...json.behind].map(({ id }: Json) => id.replace('WRK-', '')),
    )
  })

  test('--blocked shows what is open and waits, or was set aside', async () => {
    expect(await set(several(), '--blocked')).toBe('2 4 5')
    expect(await set(several(), '--blocked', '--ready')).toBe('')
  })

  test('--priority goes by what the words mean; unknown ones by themselves', async () => {
    const queue = several()
    expect(await set(queue, '--priority', 'high')).toBe('2 3')
    expect(await set(queue, '--priority', 'p1')).toBe('2 3')
    expect(await set(queue, '--priority', 'urgent')).toBe('6')
    expect(await set(queue, '--priority', 'medium')).toBe('5 20')
    expect(await set(queue, '--priority', 'p9')).toBe('10')
    expect(await set(queue, '--priority', 'nonsense')).toBe('')
    expect(await set(queue, '--priority', 'constructor')).toBe('')
    expect(await set(queue, '--priority', 'low', 'critical')).toBe('1 6')
    expect(await set(queue, '--priority', 'low', '--priority', 'critical')).toBe('1 6')
  })

  test('--parent, --repo and --text go by parent, repository, and id or title', async () => {
    const queue = several()
    expect(await set(queue, '--parent', 'WRK-20')).toBe('1 2')
    expect(await set(queue, '--parent', '20')).toBe('1 2')
    expect(await set(queue, '--parent', 'WRK-77')).toBe('')
    expect(await set(queue, '--repo', 'Website')).toBe('1 10')
    expect(await set(queue, '--repo', 'api')).toBe('2')
    expect(await set(queue, '--text', 'LOGIN')).toBe('1 3')
    expect(await set(queue, '--text', 'wrk-2')).toBe('2 20')
    expect(await set(queue, '--text', '.*')).toBe('')
  })

  test('--parent goes down to the parts of parts, and in a circle once', async () => {
    const queue = several()
    queue.write('pending/WRK-30.md', item('WRK-30', { parent: 'WRK-1' }))
    queue.write('pending/WRK-31.md', item('WRK-31', { parent: 'WRK-30' }))
    expect(await set(queue, '--parent', '20')).toBe('1 2 30 31')
    queue.write('done/WRK-20.md', item('WRK-20', { status: 'done', parent: 'WRK-31' }))
    expect(await set(queue, '--parent', '30')).toBe('1 2 20 30 31')
  })

  test('filters are combined, older ones too', async () => {
    const queue = several()
    expect(await set(queue, '--repo', 'website', '--ready', '--priority', 'low')).toBe('1')
    expect(await set(queue, '--blocked', '--mine')).toBe('5')
    expect(await set(queue, '--blocked', '--status', 'blocked')).toBe('4')
    expect(await set(queue, '--ready', '--locked')).toBe('6')
    expect(await set(queue, '--parent', '20', '--text', 'login')).toBe('1')
  })

  test.each([
    ['id', '1 2 3 4 5 6 7 10 20'],
    ['priority', '6 2 3'],
    ['age', '3 4 10 1'],
    ['urgency', '6 3 10 1'],
  ])('--sort %s', async (key, first) => {
    expect((await list(several(), '--sort', key)).join(' ')).toMatch(new RegExp(`^${first}( |$)`))
  })

  test('--sort title and status sort by their text, numbers by their size', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1', { title: 'part 10' }),
      'pending/WRK-2.md': item('WRK-2', { title: 'Part 9' }),
      'working/WRK-3.md': item('WRK-3', { title: 'Äpfel', status: 'working' }),
      'blocked/WRK-4.md': item('WRK-4', { title: 'zebra', status: 'blocked' }),
    })
    expect((await list(queue, '--sort', 'title')).join(' ')).toBe('3 2 1 4')
    expect((await list(queue, '--sort', 'status')).join(' ')).toBe('4 1 2 3')
  })

  test('--limit shows the first of those that are left', async () => {
    const queue = several()
    expect(await list(queue, '--sort', 'priority', '--limit', '1')).toEqual(['6'])
    expect(await list(queue, '--ready', '--sort', 'age', '--limit', '2')).toEqual(['3', '10'])
    expect(await list(queue, '--limit', '0')).toEqual([])
    expect(await list(queue, '--limit', '999')).toHaveLength(9)
  })

  test('gives the same of an item however it was read', async () => {
    const queue = several()
    const byId = async (args: string) =>
      new Map((await queue.run(`list --json ${args}`.trim())).json.items.map((one: Json) => [one.id, one]))
    const [usual, detailed] = [await byId(''), await byId('--sort urgency')]
    expect(detailed).toEqual(usual)
  })

  test.each(['--sort nonsense', '--limit x', '--limit -1', '--parent ../x', '--ready yes', '--priority'])(
    '%s is a usage error',
    async args => {
      expect((await several().run(`list ${args}`)).code).toBe(2)
    },
  )

  test('says so when there is nothing', async () => {
    expect((await several().run('list --text nothing-like-this')).stdout).toBe('No items.\n')
    // A word that nothing has, and that means nothing, is perhaps mistyped.
    expect((await several().run('list --status pendng blokced --priority high p11')).stderr).toBe(
      `wrk: warning: unknown status "pendng". Did you mean pending? Its items count as open.
wrk: warning: unknown status "blokced". Did you mean blocked? Its items count as open.
wrk: warning: unknown priority "p11". Did you mean p1? It counts as medium.
`,
    )
  })
})

/** The rest of new.test.ts: what takes too long for every run. */
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { atEachCrash, expectOldOrNew, haveStrace } from '../support/faults/system-calls.ts'
import { item } from '../support/items.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { makeRepository, type Repository } from '../support/repository.ts'
import { together } from '../support/together.ts'
import { expectDistinctIds, fieldsOf, idsIn } from './new.shared.ts'

describe('wrk new', () => {
  test.each([
    "It's \"quoted\", 'twice'",
    'key: value',
    'Issue #12 # not a comment',
    'Überprüfung 潮汐 🌊',
    '- a dash',
    '-v is no option',
    '--json',
    '[brackets] {braces}',
    'true',
    'null',
    '123',
    'yes',
    '0o17',
    '1:30',
    '2026-03-01',
    '~',
    '@at `tick` %percent & *star !bang |pipe >more',
    'back\\slash \\n',
    'שלום\u200e ltr',
    'trailing colon:',
    '$& $1 $`',
  ])('keeps the title %s as it is', async title => {
    const queue = makeQueue()
    const result = await queue.run(['new', '--json', '--', title])
    expect(result.code).toBe(0)
    expect(result.json.item.title).toBe(title)
    // A reader of YAML 1.1 takes more words for a boolean, a number or a date than one of 1.2.
    for (const version of ['1.1', '1.2'] as const)
      expect(parse(queue.read('WRK-001').split(/^---$/m)[1]!, { version }).title).toBe(title)
    expect(queue.read('WRK-001')).toContain(`\n# ${title}\n`)
    const { items } = (await queue.run('list --json')).json
    expect(items).toMatchObject([{ id: 'WRK-001', title, problems: [] }])
    expect((await queue.run('claim 1')).code).toBe(0)
  })
})

test('200 processes get 200 ids, without a gap, a leftover or a half-written file', () =>
  expectDistinctIds(4, 50))

describe('in git', () => {
  const commitAndDelete = async (repository: Repository, name: string): Promise<void> => {
    repository.write(join(repository.queue, name), item('WRK-1'))
    await repository.commitAll(`with ${name}`)
    await repository.git(['rm', '-q', '--', join(repository.queue, name)])
    await repository.commitAll(`without ${name}`)
  }

  test('many at once get different ids there as well', async () => {
    const repository = await makeRepository(['WRK-1'])
    await commitAndDelete(repository, 'pending/WRK-10.md')
    const queue = Object.assign(makeQueue(), { root: join(repository.top, repository.queue) })
    const results = await together(
      Array.from({ length: 24 }, () => ({ args: 'new x --json' })),
      { queue },
    )
    expect(results.map(({ json }) => json.item?.id).sort()).toEqual(
      Array.from({ length: 24 }, (_, i) => `WRK-0${i + 11}`),
    )
  })
})

test.runIf(haveStrace())(
  'killed at each of its system calls: an item or none, whole, and no id is given twice',
  async () => {
    const template = makeQueue(['WRK-1'])
    await atEachCrash(template, 'new Killed', async crash => {
      expectOldOrNew(crash.queue, crash)
      const { queue } = crash
      const present = idsIn(join(queue.root, 'pending')).filter(name => name !== 'WRK-1.md')
      for (const name of present) {
        expect(fieldsOf(queue, `pending/${name}`)).toMatchObject({ id: name.slice(0, -3), title: 'Killed' })
        // Deleted before anybody saw it: even so, its id is used up.
        rmSync(queue.path(`pending/${name}`))
      }
      const { json } = await queue.run('new Next --json')
      expect(present).not.toContain(`${json.item.id}.md`)
      expect((await queue.run('claim 1')).code).toBe(0)
      const events = queue.events()
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1))
      // The event of an item that nobody meets any more stays where it is.
      expect(queue.leftovers().filter(name => !name.startsWith('outbox/'))).toEqual([])
    })
  },
)

describe('files that wrk makes', () => {
  const FILES = [
    'pending/WRK-001.md',
    'session-state.yaml',
    'ids.json',
    'events.jsonl',
    'events.tail',
    '.gitignore',
  ]

  test.each([
    ['077', 0o600],
    ['002', 0o664],
    ['022', 0o644],
  ])('have the mode that the umask %s leaves, and keep it', async (umask, mode) => {
    const queue = makeQueue()
    const modes = () =>
      FILES.map(
        name =>
          statSync(queue.path(name.includes('/') || name.startsWith('s') ? name : `.wrk/${name}`)).mode &
          0o777,
      )
    const under = (mask: string, args: string) =>
      finished(
        start('bash', ['-c', `umask ${mask} && exec "$@"`, 'bash', PROGRAM, ...FIRST, ...args.split(' ')], {
          cwd: queue.home,
          env: cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' }),
        }),
      )
    for (const args of ['new x', 'claim 1']) expect((await under(umask, args)).code).toBe(0)
    expect(modes()).toEqual(FILES.map(() => mode))
    for (const args of ['release 1', 'new y']) expect((await under('027', args)).code).toBe(0)
    expect(modes()).toEqual(FILES.map(() => mode))
  })
})

/**
 * Eight sessions in one working tree: verbs of wrk, an editor, `git commit -am` and `wrk commit`, all at once. Which meets
 * which is another in each run; what must be so is the same.
 */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'
import { Worker, Written } from '../support/shared-tree.ts'

const SESSIONS = 8
/** An hour has a verb of each session every minute. Without WRK_TEST_HOUR it ends after a while. */
const STEPS = 60
const MOST_MS = process.env.WRK_TEST_HOUR ? Number.POSITIVE_INFINITY : 40_000
const SEED = 20_261_129
const IDS = Array.from({ length: 12 }, (_, i) => `WRK-${i + 1}`)

test(`${SESSIONS} sessions commit what is theirs, and nothing is lost or taken back`, {
  timeout: 3_600_000,
}, async () => {
  const repository = await makeRepository(IDS)
  const names = Array.from({ length: SESSIONS }, (_, i) => `s${i + 1}`)
  repository.sessions(...names.map(id => ({ id, heartbeat_at: new Date() })))
  expect((await repository.wrk('hooks install')).code).toBe(0)
  await repository.commitAll('hooks')
  const first = (await repository.git('rev-parse HEAD')).trim()
  const written = new Written()
  const workers = names.map((name, i) => new Worker(repository, name, written, SEED + i))
  const end = Date.now() + MOST_MS
  await Promise.all(
    workers.map(async worker => {
      for (let step = 0; step < STEPS && Date.now() < end; step++) await worker.step()
    }),
  )
  // The end of the day: each commits what is left of its own.
  for (const worker of workers) await worker.commitQueue()

  expect(workers.flatMap(({ refusals }) => refusals)).toEqual([])
  const commits = (await repository.git(['rev-list', '--reverse', `${first}..HEAD`])).trim().split('\n')
  expect(commits.length).toBeGreaterThan(0)
  await expectNothingLost(repository, written, commits)
  await expectAsItHappened(repository, first, commits)
  // That an item was begun and left is so in some runs.
  const { findings } = (await repository.wrk('doctor --json')).json
  expect(findings.filter(({ severity }: Json) => severity === 'error')).toEqual([])
  expect(await repository.git(['status', '--porcelain', IN_QUEUE])).toBe('')
})

/** Every line is there at the end, in one file; and once it was committed, in every commit after that. */
async function expectNothingLost(
  repository: Repository,
  written: Written,
  commits: readonly string[],
): Promise<void> {
  const seen = new Set<string>()
  for (const commit of commits) {
    const places = (await repository.git(['ls-tree', '-r', '--name-only', commit, IN_QUEUE])).match(
      /WRK-\d+/g,
    )
    expect({ commit, places: places!.toSorted() }).toEqual({ commit, places: IDS.toSorted() })
    const all = await repository.git(['grep', '-h', ' wrote ', commit, '--', IN_QUEUE]).catch(() => '')
    const missing = [...seen].filter(line => !all.includes(line))
    expect({ commit, missing }).toEqual({ commit, missing: [] })
    for (const line of [...written.lines.values()].flat()) if (all.includes(line)) seen.add(line)
  }
  expect([...written.lines.values()].flat().filter(line => !seen.has(line))).toEqual([])
}

/** What an item was from commit to commit, it was in that order. */
async function expectAsItHappened(
  repository: Repository,
  first: string,
  commits: readonly string[],
): Promise<void> {
  const { events } = (await repository.wrk('log --json')).json
  for (const id of IDS) {
    const states = ['pending ', ...statesOf(events.filter(({ item }: Json) => item === id))]
    let at = 0
    for (const commit of [first, ...commits]) {
      const text = await repository.git([
        'grep',
        '-hE',
        '^(status|locked_by):',
        commit,
        '--',
        join(IN_QUEUE, `**${id}.md`),
      ])
      const [status, holder] = [/^status: (\S+)/m.exec(text)![1], /^locked_by: "(.*)"/m.exec(text)![1]]
      const next = states.indexOf(`${status} ${holder}`, at)
      expect({
        id,
        commit,
        state: `${status} ${holder}`,
        after: states.slice(at),
        found: next >= 0,
      }).toMatchObject({
        found: true,
      })
      at = next
    }
  }
}

/** Status and holder of an item after each event. */
function statesOf(events: readonly Json[]): string[] {
  let [status, holder] = ['pending', '']
  const STATUS: Record<string, string> = {
    ...{
      started: 'working',
      blocked: 'blocked',
      unblocked: 'pending',
      finished: 'done',
      reopened: 'pending',
    },
  }
  return events.map(({ type, session }) => {
    status = STATUS[type] ?? status
    if (type === 'granted' || type === 'started') holder = session
    if (['released', 'blocked', 'unblocked', 'finished', 'reopened'].includes(type)) holder = ''
    return `${status} ${holder}`
  })
}

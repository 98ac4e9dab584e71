/**
 * An item that both sides moved and changed, so that git takes the merge for clean and leaves two files: pairs that the
 * search of real-merges.slow.test.ts found, written out.
 */
import { expect, test } from 'vitest'
import { applyAll, type Model, SHORT_MODEL, type Step, textOf } from '../support/merges/item-histories.ts'
import { checkRealMerge, nothingKept, repositoryForMerges } from '../support/merges/real-merge.ts'
import { at } from './resolve.shared.ts'

const start: Step = { verb: 'start', who: 'ours-1', at: 593 }
const block: Step = { verb: 'block', reason: 'theirs waits' }
const whole = { first: SHORT_MODEL, before: [] as Step[], form: 'flow' as const, eol: '\n' }

test('a revert that git took for clean ends as one item with one conflict', async () => {
  const repository = await repositoryForMerges(true)
  const person = await checkRealMerge(
    repository,
    {
      ...whole,
      ours: [{ verb: 'title', value: 'What ours calls it' }, start],
      theirs: [{ verb: 'title', value: 'What theirs calls it' }, block],
    },
    'revert',
  )
  expect(person).toBe(true)
  nothingKept(repository)
})

test('a rebase that git took for clean does so too, where other commits were made in the same second', async () => {
  const repository = await repositoryForMerges(true)
  const commit = async (model: Model, message: string) => {
    await repository.git('rm -q -r --ignore-unmatch .claude/work-queue/*/WRK-1.md')
    repository.write(at(model.folder), textOf(model, { eol: '\r\n' }))
    await repository.git('add -A')
    await repository.git([
      ...['commit', '-q', '--no-verify', '-m', message],
      ...['--date', '2026-02-01T00:00:00Z'],
    ])
  }
  await commit(SHORT_MODEL, 'base')
  const sides = [
    [start, { verb: 'add', id: 'WRK-2', place: 2 }],
    [{ verb: 'result', text: 'theirs wrote' }, block],
  ]
  const [ours, theirs] = sides.map(steps => applyAll(SHORT_MODEL, steps as Step[])) as [Model, Model]
  await repository.git('checkout -q -b side')
  await commit(theirs, 'work')
  // Two more that look like the origin: one on another branch, one that is no branch's any more.
  await repository.git('checkout -q -b other main')
  await commit({ ...SHORT_MODEL, title: 'y' }, 'work')
  await repository.git('checkout -q --detach main')
  await commit({ ...SHORT_MODEL, title: 'z' }, 'work')
  await repository.git('checkout -q main')
  await commit(ours, 'main')
  await repository.git('rebase -q main side')
  const { code, json } = await repository.wrk('resolve --json')
  expect({ code, open: json.open }).toEqual({
    code: 1,
    open: [{ id: 'WRK-1', kind: 'conflict', path: at('working'), keys: ['status', 'blocked_reason'] }],
  })
})

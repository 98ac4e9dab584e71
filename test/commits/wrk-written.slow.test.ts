/** git commit -a in a shared working tree: what wrk wrote into another session's item, and what its holder writes. */
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import type { Repository } from '../support/repository.ts'
import { act, at, shared } from './commit.shared.ts'
import { codes } from './verify-git.shared.ts'

/** Stages everything and asks as `tester`. */
const judged = async (repository: Repository) => codes(await repository.verifyAll())

describe('anybody may commit', () => {
  test('that another session has started, changed and moved its item with wrk', async () => {
    const repository = await shared()
    await act(repository, 'start WRK-1', 'other')
    await act(repository, 'set WRK-1 priority=high', 'other')
    expect(await judged(repository)).toEqual([])
    await repository.git('commit -q -m all')
    await act(repository, 'block WRK-1 --reason data', 'other')
    await act(repository, 'claim WRK-1', 'other')
    expect(await judged(repository)).toEqual([])
  })

  test('an earlier state that wrk wrote, staged before its holder went on', async () => {
    const repository = await shared()
    await act(repository, 'start WRK-1', 'other')
    await repository.git('add -A')
    await act(repository, 'set WRK-1 priority=high', 'other')
    await act(repository, 'set WRK-1 priority=low', 'other')
    expect(codes(await repository.wrk('verify --staged --json'))).toEqual([])
  })

  test('fields that wrk has added, with a comment beside them that was there before', async () => {
    const repository = await shared()
    repository.write('WRK-1', item('WRK-1', { locked_by: null, locked_at: null, priority: 'low # for now' }))
    await repository.commitAll()
    await act(repository, 'claim WRK-1', 'other')
    await act(repository, 'set WRK-1 priority=high', 'other')
    expect(repository.read('WRK-1')).toContain('priority: high # for now\n')
    expect(await judged(repository)).toEqual([])
  })
})

describe('only its holder may commit', () => {
  test.each([
    ['a text', (text: string) => `${text}A line.\n`],
    ['a title', (text: string) => text.replace('What WRK-1 is about', 'Another title')],
    ['a comment', (text: string) => text.replace('priority: high', 'priority: high # urgent')],
    ['a status by hand', (text: string) => text.replace('status: working', 'status: in-progress')],
    ['a new field', (text: string) => text.replace('\n---\n', '\nowner: me\n---\n')],
    ['a list', (text: string) => text.replace('related: []', 'related: [WRK-2]')],
  ])('%s', async (_, change) => {
    const repository = await shared()
    await act(repository, 'start WRK-1', 'other')
    await act(repository, 'set WRK-1 priority=high', 'other')
    repository.write(at('working', 'WRK-1'), change(repository.read(at('working', 'WRK-1'))))
    expect(await judged(repository)).toEqual(['held'])
  })

  test('what a revert puts back, though wrk wrote it once', async () => {
    const repository = await shared()
    await act(repository, 'start WRK-1', 'other')
    await repository.commitAll('started')
    await act(repository, 'set WRK-1 priority=high', 'other')
    await repository.commitAll('high')
    await repository.git('revert --no-commit HEAD')
    await repository.git('revert --quit')
    expect(codes(await repository.wrk('verify --staged --json'))).toEqual(['held'])
  })

  test('what a revert of an edit by hand puts back', async () => {
    const repository = await shared()
    await act(repository, 'start WRK-1', 'other')
    await repository.commitAll('started')
    const path = at('working', 'WRK-1')
    repository.write(path, repository.read(path).replace('status: working', 'status: in-progress'))
    await repository.commitAll('by hand')
    await repository.git('revert --no-commit HEAD')
    await repository.git('revert --quit')
    expect(codes(await repository.wrk('verify --staged --json'))).toEqual(['held'])
  })

  test('an item that is new', async () => {
    const repository = await shared()
    repository.write('WRK-9', item('WRK-9'))
    await act(repository, 'claim WRK-9', 'other')
    expect(await judged(repository)).toEqual(['held'])
  })
})

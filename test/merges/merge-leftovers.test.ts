/** What merges and sync tools leave in a queue: conflict markers in an item, and copies beside it. */
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { makeRepository, type Repository } from '../support/repository.ts'
import type { Json } from '../support/result.ts'

describe('an item with conflict markers in its frontmatter', () => {
  /** WRK-1 as a merge that could not go on left it; the markers are in the lines 4 to 8. */
  async function conflicted(): Promise<Repository> {
    const repository = await makeRepository()
    await repository.git('checkout -q -b side')
    repository.write('WRK-1', item('WRK-1', { priority: 'high' }))
    await repository.commitAll('side')
    await repository.git('checkout -q main')
    repository.write('WRK-1', item('WRK-1', { priority: 'low' }))
    await repository.commitAll('main')
    expect((await repository.tryGit('merge side')).code).toBe(1)
    expect(repository.read('WRK-1')).toMatch(/^<<<<<<< HEAD$/m)
    return repository
  }

  test('is reported as what it is, with the line, by show, claim, list, doctor and verify', async () => {
    const repository = await conflicted()
    const line = repository.read('WRK-1').split('\n').indexOf('<<<<<<< HEAD') + 1
    const answer = `unresolved merge conflict, line ${line}`
    const shown = (await repository.wrk('show WRK-1 --json')).json
    expect(shown.problems ?? shown.item.problems).toMatchObject([
      { code: 'merge-conflict', line, message: answer },
    ])
    const before = repository.read('WRK-1')
    const claim = await repository.wrk('claim WRK-1')
    expect(claim.code).toBe(5)
    expect(claim.stderr).toContain(`WRK-1.md:${line}:1: ${answer}`)
    expect(claim.stderr).toContain('Keep one side in an editor, then: wrk resolve WRK-')
    expect(claim.stderr).not.toContain('mplicit')
    expect(repository.read('WRK-1')).toBe(before)
    const { stdout, stderr } = await repository.wrk('list')
    expect(stdout + stderr).toContain(answer)
    const { findings } = (await repository.wrk('doctor --json')).json
    expect(findings.filter(({ item }: Json) => item === 'WRK-1')).toMatchObject([
      { code: 'merge-conflict', severity: 'error', line, advice: expect.stringContaining('Keep one side') },
    ])
    await repository.git(['add', repository.path('WRK-1')])
    const verified = (await repository.wrk('verify --json')).json
    expect(verified.findings).toMatchObject([{ code: 'merge-conflict', line, message: answer }])
  })

  test('in a file that is in conflict from its first line on, too; a heading in markdown is not a conflict', async () => {
    const repository = await makeRepository()
    repository.write(
      'WRK-1',
      `<<<<<<< HEAD\n${item('WRK-1')}=======\n${item('WRK-1', { title: 'y' })}>>>>>>> side\n`,
    )
    repository.write('WRK-2', 'A heading\n=======\n\nno frontmatter\n')
    const messages = (await repository.wrk('doctor --json')).json.findings
      .filter(({ item }: Json) => item)
      .map(({ item, code, line }: Json) => `${item} ${code} ${line}`)
    expect(messages).toEqual(['WRK-1 merge-conflict 1', 'WRK-2 no-frontmatter 1'])
  })
})

describe('copies that sync tools and merges left beside an item', () => {
  const COPIES = [
    'WRK-1.sync-conflict-20260216-194500-ABCDEFG.md',
    'WRK-1 (conflicted copy).md',
    "WRK-1 (Anna's conflicted copy 2026-02-16).md",
    'WRK-1 2.md',
    'WRK-1 (1).md',
    'WRK-1 copy.md',
    'WRK-1_LOCAL_4711.md',
    'WRK-1.md.orig',
  ]

  test('are not the item: it can be claimed, and doctor names each with the item', async () => {
    const repository = await makeRepository(['WRK-1', 'WRK-139'])
    const { queue } = repository
    await repository.git(['mv', repository.path('WRK-139'), `${queue}/pending/WRK-139-gmsh.md`])
    for (const name of COPIES) repository.write(`${queue}/pending/${name}`, item('WRK-1'))
    expect((await repository.wrk('claim WRK-1')).code).toBe(0)
    expect((await repository.wrk('claim WRK-139')).code).toBe(0)
    expect((await repository.wrk('list --json')).json.items.map(({ id }: Json) => id).sort()).toEqual([
      'WRK-1',
      'WRK-139',
    ])
    const { findings } = (await repository.wrk('doctor --json')).json
    const copies = findings.filter(({ code }: Json) => code === 'conflict-copy')
    expect(copies.map(({ path }: Json) => path.slice(path.lastIndexOf('/') + 1)).sort()).toEqual(
      [...COPIES].sort(),
    )
    for (const { severity, message } of copies) {
      expect(severity).toBe('warning')
      expect(message).toContain('copy of WRK-1')
    }
    // What is left of an item that is gone holds its number.
    repository.write(`${queue}/pending/WRK-500 2.md`, item('WRK-500'))
    expect((await repository.wrk('new x --json')).json.item.id).toBe('WRK-501')
  })
})

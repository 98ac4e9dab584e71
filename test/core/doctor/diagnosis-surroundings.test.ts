/** What findings about the files around the items say: how bad, where, and the next step. */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/core/doctor/diagnosis.ts'
import type { Finding, HookFacts } from '../../../src/core/doctor/finding.ts'
import { expectOne, facts, ROOT } from './diagnosis-facts.ts'

describe('around the items', () => {
  test.each([
    [['takeover'], 'Did you mean takeover? Correct it'],
    [['ttl', 'takeover'], 'Did you mean ttl or takeover? Correct it'],
    [[], '| Correct it'],
  ])('a setting near %j', (near, advice) => {
    const unknownSettings = [{ path: `${ROOT}/wrk.yaml`, key: 'x\x1b', line: 4, column: 2, near }]
    expectOne(diagnose(facts([], { unknownSettings })), [
      'warning unknown-setting, no item, wrk.yaml:4:2: unknown setting x?;',
      advice,
    ])
  })

  test.each<[isText: boolean, parts: string[]]>([
    [true, ['correct line 2', '--fix: set it aside']],
    [false, ['wrk must be able to read and write it']],
  ])('a registry that cannot be read, as text or not (%s)', (isText, parts) => {
    const broken = { message: 'why it cannot', line: 2, column: 3, isText }
    expectOne(diagnose(facts([], { registry: { path: `${ROOT}/r.yaml`, notOurs: null, broken } })), [
      'error registry, no item, r.yaml:2:3: the session registry cannot be read: why it cannot',
      ...parts,
    ])
  })

  test.each([
    [true, 'symbolic link'],
    [false, 'it is a file'],
  ])('what is in place of a folder, a link or not (%s)', (isLink, what) => {
    const notFolders = [{ path: `${ROOT}/working`, isLink }]
    expectOne(diagnose(facts([], { notFolders })), [
      'error not-a-folder, no item, working: it is',
      what,
      'Replace it by a folder',
    ])
  })

  test('files like items that no command sees are notes with what to do', () => {
    expectOne(diagnose(facts([], { unseen: [`${ROOT}/pending/a/WRK-1.md`] })), [
      'note unseen-item, no item, pending/a/WRK-1.md: it looks like an item, but no command sees it here |',
      'Items are directly in pending/',
      'WRK-157.md',
    ])
  })

  test('what git has of this machine alone is reported with the next step', () => {
    const git = { tracked: [`${ROOT}/a b.yaml`], notIgnored: true, ignored: [], hooksGone: false, hooks: [] }
    const found = diagnose(facts([], { git }))
    expect(found).toHaveLength(2)
    expectOne(found.slice(0, 1), [
      'warning tracked-state, no item, a b.yaml: git tracks it',
      "git rm -r --cached '/queue/a b.yaml'",
      'wrk init',
    ])
    expectOne(found.slice(1), [
      'note not-ignored, no item, session-state.yaml: git does not ignore it',
      'wrk init',
    ])
    expect(diagnose(facts([], { git: { ...git, tracked: [], notIgnored: false } }))).toEqual([])
  })

  const KEPT = '/hooks/kept'
  const hooks = (...all: [state: HookFacts['state'], kept?: string][]) =>
    diagnose(
      facts([], {
        git: {
          tracked: [],
          notIgnored: false,
          ignored: [],
          hooksGone: false,
          hooks: all.map(([state, kept = null], i) => ({
            name: ['pre-commit', 'post-merge'][i]!,
            path: `/hooks/${i}`,
            state,
            kept,
            via: null,
          })),
        },
      }),
    )

  test.each<[what: string, found: Finding[], parts: string[]]>([
    [
      'none',
      hooks(['none'], ['none']),
      ['note hooks, no item, nowhere: ', 'not installed', 'wrk hooks install'],
    ],
    [
      'none, though another’s is there in place of one of before',
      hooks(['foreign', KEPT], ['none']),
      ['note hooks', 'not installed'],
    ],
    [
      'one of two',
      hooks(['installed'], ['none']),
      [
        'warning hooks, no item, /hooks/1: post-merge: it is not installed, but',
        'wrk hooks install',
        'wrk hooks uninstall',
      ],
    ],
    [
      'one of two, another’s in place of the other',
      hooks(['foreign'], ['installed']),
      ['pre-commit: it is not installed', 'there is another hook', 'wrk hooks uninstall'],
    ],
    [
      'one of two, another’s in place of the other and of what it called',
      hooks(['foreign', KEPT], ['installed']),
      ['pre-commit: it is not installed', 'there is another hook'],
    ],
    [
      'one of before, which calls another',
      hooks(['outdated', KEPT], ['installed']),
      ['pre-commit: it was written by another version', '--fix: install the hooks again'],
    ],
    [
      'one of before',
      hooks(['outdated'], ['installed']),
      ['pre-commit: it was written by another version', 'wrk hooks install | --fix: install the hooks again'],
    ],
    [
      'an install that was cut short',
      hooks(['none', KEPT], ['installed']),
      ['pre-commit: an install was interrupted', 'wrk hooks install | --fix: install the hooks again'],
    ],
    [
      'one that was edited',
      hooks(['edited'], ['installed']),
      ['pre-commit: it was edited', 'a hook of its own'],
    ],
  ])('hooks: %s', (_, found, parts) => {
    expectOne(found, parts)
  })

  test.each<[why: string, isMended: boolean, ...Parameters<typeof hooks>]>([
    ['another program’s is there and nothing was kept', true, ['foreign'], ['outdated']],
    ['another program’s is there beside one that was kept', false, ['foreign', KEPT], ['outdated']],
    ['the other was edited', false, ['edited'], ['outdated']],
    ['the other was edited, and one was kept', false, ['edited'], ['none', KEPT]],
    ['there is none, and nothing was kept', false, ['installed'], ['none']],
  ])('hooks, where %s, are installed again: %s', (_, isMended, ...all) => {
    const fixes = hooks(...all).filter(({ fix }) => fix !== null)
    expect(fixes.map(({ fix }) => fix?.kind)).toEqual(isMended ? ['install-hooks'] : [])
  })

  test('hooks: nothing is reported where git has none', () => {
    expect(hooks()).toEqual([])
  })
})

/** Writing the coordination setting into wrk.yaml: every other byte stays. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editCoordination } from '../../../src/core/coordination/edit-settings.ts'
import { type CoordinationSettings, readCoordination } from '../../../src/core/coordination/settings.ts'
import { readPlain } from '../../../src/markdown/read/plain.ts'

const GIT: CoordinationSettings = { engine: 'git', remote: 'origin', offline: 'refuse', queue: null }
const edit = (text: string, settings: CoordinationSettings | null) =>
  editCoordination(text, text.trim() === '' ? null : readPlain(text), settings)!

test('it goes to the end, and comes out again without a trace', () => {
  const texts = fc.constantFrom(
    '',
    'ttl: 2h\n',
    '# ours\nttl: 2h # long\n\n# the end\n',
    'ttl: 2h\r\ntakeover: ttl\r\n',
  )
  fc.assert(
    fc.property(texts, fc.constantFrom('refuse' as const, 'local' as const), (text, offline) => {
      const made = edit(text, { ...GIT, offline })
      expect(made.startsWith(text)).toBe(true)
      expect(readCoordination(readPlain(made)!)).toEqual({ kind: 'on', settings: { ...GIT, offline } })
      expect(edit(made, null)).toBe(text)
    }),
  )
})

test('an older setting is replaced in place', () => {
  const text = `# top\ncoordination:\n  engine: git\n  remote: other\n# below\nttl: 3h\n`
  const made = edit(text, { engine: 'postgres', remote: 'WRK_DB', offline: 'local', queue: 'shop' })
  expect(made).toBe(
    '# top\ncoordination:\n  engine: postgres\n  remote: WRK_DB\n  offline: local\n  queue: shop\n# below\nttl: 3h\n',
  )
  expect(edit(made, null)).toBe('# top\n# below\nttl: 3h\n')
})

test('a URL is quoted, so that it is read as it was given', () => {
  const remote = 'https://example.org/a.git'
  const made = edit('', { ...GIT, remote })
  expect(readCoordination(readPlain(made)!)).toMatchObject({ settings: { remote } })
})

test('a setting within a flow map is left to a person', () => {
  const text = '{ ttl: 2h, coordination: { engine: git, remote: origin } }\n'
  const map = readPlain('ttl: 2h\ncoordination:\n  engine: git\n')!
  const moved = { ...map, pairs: map.pairs.map(pair => ({ ...pair, keyStart: text.indexOf(pair.key) })) }
  expect(editCoordination(text, moved, GIT)).toBeNull()
})

/** The words for an item's status: which are closed, which wait, which folder each belongs in. */
import { describe, expect, test } from 'vitest'
import {
  fitsFolder,
  folderOf,
  isArchived,
  isClosed,
  isPending,
  statusWord,
  unknownStatus,
} from '../../../src/core/items/status.ts'

const CLOSED = (
  'done complete completed finished merged closed superseded resolved resolved-no-action cancelled canceled ' +
  'rejected abandoned obsolete duplicate wontfix wont-fix archived'
).split(' ')
const WAITING = ['parked', 'deferred', 'on-hold']
const WORKING = ['working', 'in-progress', 'coordinating']
const INVENTED = ['someday', 'review', 'constructor', '__proto__', '']

test.each(['open', 'todo', 'To Do', 'to-do', 'pending'])('%s is to be begun', word => {
  expect([isPending(word, 'pending'), isClosed(word, 'done'), folderOf(word)]).toEqual([
    true,
    false,
    'pending',
  ])
  expect([fitsFolder(word, 'pending'), fitsFolder(word, 'working')]).toEqual([true, false])
})

describe('a status', () => {
  test.each([
    ['pending', 'pending'],
    ['In_Progress', 'in-progress'],
    [' On Hold ', 'on-hold'],
    ['WONT_FIX', 'wont-fix'],
    ['resolved no action', 'resolved-no-action'],
  ])('%j is the word %s', (text, word) => {
    expect(statusWord(text)).toBe(word)
  })

  test.each(CLOSED)('%s is closed wherever the item is, and belongs in the archive', word => {
    for (const folder of ['', 'pending', 'working', 'archive/2026-02']) {
      expect(isClosed(word, folder)).toBe(true)
      expect(isClosed(word.toUpperCase().replaceAll('-', '_'), folder)).toBe(true)
      expect(isPending(word, folder)).toBe(false)
      expect(isArchived(word, folder)).toBe(word === 'archived')
    }
    expect(folderOf(word)).toBe(word === 'archived' ? 'archive' : 'done')
    for (const folder of ['archive', 'archived', 'archive/2026-02', 'archived/old', ''])
      expect(fitsFolder(word, folder)).toBe(true)
    expect(fitsFolder(word, 'done')).toBe(word !== 'archived')
    for (const folder of ['pending', 'working', 'blocked']) expect(fitsFolder(word, folder)).toBe(false)
  })

  test.each([
    ...[['pending', 'pending', ['pending']] as const],
    ...WAITING.map(word => [word, 'pending', ['pending', 'blocked']] as const),
    ...WORKING.map(word => [word, 'working', ['working']] as const),
    ...[['blocked', 'blocked', ['blocked']] as const],
  ])('%s is open and belongs in %s', (word, folder, fits) => {
    for (const lies of ['', 'pending', 'done', 'archive/2026-02']) {
      expect(isClosed(word, lies)).toBe(false)
      expect(isArchived(word, lies)).toBe(false)
      expect(isPending(word, lies)).toBe(word === 'pending')
    }
    expect(folderOf(word)).toBe(folder)
    for (const lies of ['pending', 'working', 'blocked', 'done', 'archive', 'archived'])
      expect(fitsFolder(word, lies)).toBe((fits as readonly string[]).includes(lies) || lies === word)
    expect(fitsFolder(word, '')).toBe(true)
  })

  test.each(INVENTED)('that people invent is open and fits any folder: %j', word => {
    for (const folder of ['', 'done', 'archive', 'working']) {
      expect(isClosed(word, folder)).toBe(false)
      expect(isPending(word, folder)).toBe(false)
      expect(isArchived(word, folder)).toBe(false)
      expect(fitsFolder(word, folder)).toBe(true)
    }
    expect(folderOf(word)).toBeNull()
  })

  test('fits the folder of its own name', () => {
    expect(fitsFolder('parked', 'parked')).toBe(true)
    expect(fitsFolder('done', 'parked')).toBe(false)
  })
})

test.each([
  ['', { closed: false, pending: true, archived: false }],
  ['pending', { closed: false, pending: true, archived: false }],
  ['pending/later', { closed: false, pending: true, archived: false }],
  ['working', { closed: false, pending: false, archived: false }],
  ['blocked', { closed: false, pending: false, archived: false }],
  ['done', { closed: true, pending: false, archived: false }],
  ['done/2026', { closed: true, pending: false, archived: false }],
  ['archive', { closed: true, pending: false, archived: true }],
  ['archive/2026-02', { closed: true, pending: false, archived: true }],
  ['archived', { closed: true, pending: false, archived: true }],
  ['ideas', { closed: false, pending: false, archived: false }],
])('an item without a status is what its folder says: %j', (folder, { closed, pending, archived }) => {
  expect([isClosed(undefined, folder), isPending(null, folder), isArchived(null, folder)]).toEqual([
    closed,
    pending,
    archived,
  ])
})

test('an unknown status is reported with what is near, and what its items count as', () => {
  expect(unknownStatus('dnoe')).toMatch(
    /^unknown status "dnoe"\. Did you mean done\? Its items count as open\.$/,
  )
  expect(unknownStatus('in-progres')).toContain('Did you mean in-progress?')
})

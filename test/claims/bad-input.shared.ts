/** What the tests of bad-input have in common. */

import { expect } from 'vitest'
import { ago, HOUR } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import type { Result } from '../support/result.ts'

/** No command shows its inner workings, whatever it was fed. */
export function expectCalm(result: Result): void {
  expect(result.stderr + result.stdout).not.toMatch(/\n\s+at .*\d+:\d+|node:internal|\.cjs:\d+/)
  expect(result.stderr + result.stdout).not.toContain('a bug in wrk')
  expect([70, null]).not.toContain(result.code)
}

export const EVIL = '\\e[2J\\e]0;owned\\a\\u009b31m\\u202egnp\\u2028\\r\\b\\0'
// Everything but the line feeds and blanks that wrk writes itself.
export const RAW = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/

export function evilQueue(): Queue {
  const field = (id: string) =>
    item(id, {
      title: `"t${EVIL}"`,
      status: `"s${EVIL}"`,
      priority: `"p${EVIL}"`,
      '"k\\e[31m"': `["${EVIL}"]`,
    })
  return makeQueue({
    'pending/WRK-1.md': field('WRK-1'),
    'pending/WRK-2.md': heldItem('WRK-2', `h${EVIL}`, ago(9 * HOUR), { title: `"t${EVIL}"` }),
    'pending/WRK-3.md': heldItem('WRK-3', `h${EVIL}`, ago(0), { title: `"t${EVIL}"` }),
    'pending/WRK-4.md': item('WRK-4', { id: `"WRK-4${EVIL}"` }),
    'pending/WRK-5.md': item('WRK-5', { [`"x${EVIL}"`]: '1' }).replace('---\n\n', `"x${EVIL}": 2\n---\n\n`),
    'pending/WRK-6.md': item('WRK-6', { status: `"done${EVIL}"` }),
    // A carriage return and C1 characters are allowed in file names, also in those of items.
    'pending/WRK-7 \u009b31m\u202e.md': item('WRK-8'),
    'pending/WRK-9.md': item('WRK-9'),
    'done/WRK-9 \u009b31m.md': item('WRK-9'),
  })
}

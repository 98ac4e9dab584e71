/** `wrk board` in a real browser, on the shortest way: it shows the queue, follows it, and ends. */
import { statSync } from 'node:fs'
import axe from 'axe-core'
import { describe, expect, test } from 'vitest'
import { becomes, NO_BROWSER, openBrowser, openPage, sees, startBoard } from '../support/browser.ts'
import { ago, HOUR } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import { anchorOf, deadAnchor, registry } from '../support/sessions.ts'

describe.skipIf(NO_BROWSER)('the board', () => {
  test('shows who works on what, and a claim in a terminal as it happens', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': item('WRK-1', { title: 'Tide table', priority: 'high' }),
      'working/WRK-2.md': heldItem('WRK-2', 'gone', ago(HOUR), { status: 'working', title: 'Buoys' }),
      'blocked/WRK-3.md': item('WRK-3', { status: 'blocked', blocked_by: '[WRK-1]' }),
      'session-state.yaml': registry([
        { id: 'tester', anchor: anchorOf(), started_at: ago(HOUR), agent: 'claude' },
        { id: 'gone', anchor: deadAnchor(), started_at: ago(HOUR) },
      ]),
    })
    const board = await startBoard(queue)
    const { page, errors } = await openPage(await openBrowser(), board.url)
    expect(page.url()).not.toContain(board.token)
    await sees(page, '.column-pending .card', 'Tide table')
    await sees(page, '.column-blocked .card', 'WRK-3')
    await sees(page, '.now-card.now-dead', 'is gone')

    expect((await queue.run('claim WRK-1')).code).toBe(0)
    await sees(page, '.column-pending .card-alive', 'tester')
    await sees(page, '.now-card.now-alive', 'Tide table')
    expect((await queue.run('done WRK-1')).code).toBe(0)
    await sees(page, '.column-done .card', 'Tide table')

    await page.keyboard.press('ArrowRight')
    await becomes(page, "document.activeElement?.matches('.column-working .card-link')")
    await page.keyboard.press('Enter')
    await sees(page, '.panel-title', 'Buoys')
    await page.evaluate(axe.source)
    const found = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run: () => Promise<{ violations: unknown[] }> } }).axe.run(),
    )
    expect(found.violations).toEqual([])
    expect(errors).toEqual([])

    expect(statSync(queue.path('.wrk/board.json')).mode & 0o777).toBe(0o600)
    expect(board.stdout() + board.stderr()).not.toContain(board.token)
    expect(await board.end()).toBe(130)
    expect(queue.exists('.wrk/board.json')).toBe(false)
    await sees(page, '.trouble', 'The board has ended')
  })
})

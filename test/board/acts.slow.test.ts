/** Every act of the board, by mouse, by dragging and by keyboard; and acts on what has changed meanwhile. */
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import {
  type Board,
  becomes,
  NO_BROWSER,
  openBrowser,
  openPage,
  sees,
  startBoard,
} from '../support/browser.ts'
import { ago, HOUR, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { anchorOf, deadAnchor, registry } from '../support/sessions.ts'

async function setUp(
  items: Record<string, string>,
): Promise<{ queue: Queue; board: Board; page: Page; errors: string[] }> {
  const queue = makeQueue({
    'session-state.yaml': registry([
      { id: 'other', anchor: anchorOf(), started_at: ago(HOUR), agent: 'codex' },
      { id: 'gone', anchor: deadAnchor(), started_at: ago(HOUR) },
    ]),
    ...items,
  })
  const board = await startBoard(queue)
  const { page, errors } = await openPage(await openBrowser(), board.url)
  return { queue, board, page, errors }
}

/** Opens an item's panel and presses one of its buttons. */
async function press(page: Page, id: string, button: string): Promise<void> {
  if (!(await page.locator(`.panel[aria-label="Item ${id}"]`).isVisible()))
    await page.locator(`.column .card-link[aria-label^="${id} "]`).first().click()
  const own = page.locator('.acts button', { hasText: button })
  await page.locator('.acts').waitFor()
  if ((await own.count()) > 0) await own.first().click()
  else {
    await page.locator('.acts button', { hasText: 'More…' }).click()
    await page.locator('.choices button', { hasText: button }).click()
  }
}

describe.skipIf(NO_BROWSER)('an act', () => {
  test('of each kind does in the queue what its button says', async () => {
    const { queue, board, page, errors } = await setUp({
      'pending/WRK-1.md': item('WRK-1', { title: 'Tide table' }),
      'pending/WRK-2.md': heldItem('WRK-2', 'other', ago(HOUR / 60), { title: 'Held' }),
      'pending/WRK-3.md': heldItem('WRK-3', 'gone', ago(HOUR / 2), { title: 'Left' }),
    })
    await press(page, 'WRK-1', 'Claim')
    await sees(page, '.notice', 'Claimed WRK-1')
    await sees(page, '.column-pending .card-alive', 'WRK-1')
    expect(queue.lock('WRK-1').by).toMatch(/^board-/)
    await press(page, 'WRK-1', 'Start')
    await sees(page, '.column-working .card', 'WRK-1')
    expect(queue.read('working/WRK-1.md')).toContain('status: working')
    await press(page, 'WRK-1', 'Priority…')
    await page.locator('.choices button', { hasText: 'critical' }).click()
    await sees(page, '.notice', 'Priority of WRK-1: critical')
    await until('it is written', () => /^priority: critical$/m.test(queue.read('working/WRK-1.md')))
    await press(page, 'WRK-1', 'Block…')
    await page.locator('.field input').fill('waits for parts')
    await page.locator('.dialog button[type=submit]').click()
    await sees(page, '.column-blocked .card', 'WRK-1')
    expect(queue.read('blocked/WRK-1.md')).toMatch(/blocked_reason: "?waits for parts/)
    await press(page, 'WRK-1', 'Unblock')
    await sees(page, '.column-pending .card', 'WRK-1')
    await press(page, 'WRK-1', 'Done')
    await sees(page, '.column-done .card', 'WRK-1')
    await press(page, 'WRK-1', 'Reopen')
    await page.locator('.dialog button[type=submit]').click()
    await sees(page, '.column-pending .card', 'WRK-1')
    await press(page, 'WRK-1', 'Claim')
    await sees(page, '.column-pending .card-alive', 'WRK-1')
    await press(page, 'WRK-1', 'Release')
    await sees(page, '.notice', 'Released WRK-1')
    await until('it is free', () => queue.lock('WRK-1').by === '')

    await press(page, 'WRK-3', 'Take over')
    await sees(page, '.notice', 'taken over from gone')
    await page.locator('.panel .icon-button').click()
    await sees(page, '.now-card .chain', 'taken over')

    await page.locator('.new-button').click()
    await page.locator('.field input').fill('Measure the wind')
    await page.locator('.field select').selectOption('high')
    await page.locator('.dialog button[type=submit]').click()
    await sees(page, '.column-pending .card', 'Measure the wind')
    const made = /Created (WRK-\d+)/.exec(await page.locator('.notice').innerText())?.[1]
    expect(queue.read(`pending/${made}.md`)).toContain('priority: high')

    await press(page, 'WRK-2', 'Release by force…')
    const submit = page.locator('.dialog button[type=submit]')
    expect(await submit.isDisabled()).toBe(true)
    await page.locator('.field input').fill('its machine is gone')
    await submit.click()
    await sees(page, '.notice', 'Released WRK-2')
    expect(queue.events().at(-1)).toMatchObject({
      type: 'released',
      previous_holder: 'other',
      forced: true,
      reason: 'forced: its machine is gone',
    })
    await queue.run('claim WRK-2', { session: 'other' })
    await sees(page, '.column-pending .card-alive', 'WRK-2')
    await press(page, 'WRK-2', 'Claim by force…')
    await page.locator('.field input').fill('again')
    await page.locator('.dialog button[type=submit]').click()
    await until('it is taken', () => queue.lock('WRK-2').by?.startsWith('board-'))

    expect(errors).toEqual([])
    // One session for all, which lives as long as the board.
    const holder = queue.lock('WRK-2').by!
    expect(
      queue.events().filter(({ type, session }) => type === 'sessionStarted' && session === holder),
    ).toHaveLength(1)
    expect((await queue.run('claim WRK-2', { session: 'other' })).code).toBe(4)
    expect(await board.end()).toBe(130)
    expect(board.stdout()).toContain('Released what the board held: WRK-2')
    expect(queue.lock('WRK-2').by).toBe('')
    expect(queue.exists('.wrk/board.json')).toBe(false)
  })

  test('of a board that is killed frees what the board held', async () => {
    const { queue, board, page } = await setUp({ 'pending/WRK-1.md': item('WRK-1') })
    await press(page, 'WRK-1', 'Claim')
    await sees(page, '.notice', 'Claimed WRK-1')
    process.kill(board.pid, 'SIGKILL')
    await board.ended
    const taken = await queue.run('claim WRK-1', { session: 'other' })
    expect(taken.code).toBe(0)
    expect(taken.stderr).toContain('is gone')
    // The note of the dead board misleads nobody.
    const second = await startBoard(queue)
    expect(second.token).not.toBe(board.token)
  })

  test('on an item that changed meanwhile is refused with 409, and the card stays where it is', async () => {
    const { queue, page } = await setUp({ 'pending/WRK-1.md': item('WRK-1', { title: 'Tide table' }) })
    const statuses: number[] = []
    page.on('response', response => {
      if (response.url().endsWith('/api/act')) statuses.push(response.status())
    })
    // The act leaves with what the page showed; in between, another session has claimed the item.
    let release: () => void = () => undefined
    const held = new Promise<void>(settle => {
      release = settle
    })
    await page.route('**/api/act', async route => {
      await held
      await route.continue()
    })
    await page.locator('.card-link').first().click()
    await page.locator('.acts button', { hasText: 'Start' }).click()
    await sees(page, '.card-pending', 'WRK-1')
    expect((await queue.run('claim WRK-1', { session: 'other' })).code).toBe(0)
    const before = queue.read('WRK-1')
    release()
    await sees(page, '.notice-problem', 'WRK-1 changed meanwhile; nothing was done.')
    expect(statuses).toEqual([409])
    await sees(page, '.column-pending .card-alive', 'other')
    expect(await page.locator('.column-working .card').count()).toBe(0)
    expect(queue.read('WRK-1')).toBe(before)
  })

  test('by dragging does what the column means; a column without a meaning takes nothing', async () => {
    const { queue, page } = await setUp({
      'pending/WRK-1.md': item('WRK-1', { title: 'Tide table' }),
      'pending/WRK-2.md': item('WRK-2', { title: 'Buoys' }),
    })
    const drag = (id: string, column: string) =>
      page.locator(`.card:has([aria-label^="${id} "])`).dragTo(page.locator(`.column-${column}`))
    await page.setViewportSize({ width: 1900, height: 800 })
    await drag('WRK-1', 'working')
    await sees(page, '.column-working .card', 'WRK-1')
    await drag('WRK-1', 'archive')
    await drag('WRK-1', 'done')
    await sees(page, '.column-done .card', 'WRK-1')
    await drag('WRK-1', 'working')
    await drag('WRK-2', 'blocked')
    await sees(page, '.column-blocked .card', 'WRK-2')
    await drag('WRK-2', 'working')
    await drag('WRK-2', 'pending')
    await sees(page, '.column-pending .card', 'WRK-2')
    await drag('WRK-1', 'pending')
    await sees(page, '.column-pending .card', 'WRK-1')
    const types = queue
      .events()
      .map(({ type }) => type)
      .filter(type => type !== 'sessionStarted')
    expect(types).toEqual(['started', 'finished', 'blocked', 'unblocked', 'reopened'])
  })

  test('can be done with the keyboard alone', async () => {
    const { queue, page } = await setUp({
      'pending/WRK-1.md': item('WRK-1', { title: 'Tide table', priority: 'high' }),
      'pending/WRK-2.md': item('WRK-2', { title: 'Buoys', priority: 'low' }),
    })
    const focused = (id: string) =>
      becomes(page, `document.activeElement?.getAttribute('aria-label')?.includes('${id}')`)
    await page.keyboard.press('j')
    await focused('WRK-1')
    await page.keyboard.press('ArrowDown')
    await focused('WRK-2')
    await page.keyboard.press('k')
    await focused('WRK-1')
    await page.keyboard.press('s')
    await sees(page, '.column-working .card', 'WRK-1')
    await page.keyboard.press('l')
    await page.keyboard.press('Enter')
    await sees(page, '.panel-title', /Tide table|Buoys/)
    await page.keyboard.press('Escape')
    await page.locator('.panel').waitFor({ state: 'detached' })
    await page.keyboard.press('n')
    await page.keyboard.type('From the keys')
    await page.keyboard.press('Enter')
    await sees(page, '.column-pending .card', 'From the keys')
    await page.keyboard.press('/')
    await page.keyboard.type('keys')
    await becomes(page, "document.querySelectorAll('.card').length === 1")
    expect(page.url()).toContain('text=keys')
    await page.keyboard.press('Escape')
    await page.keyboard.press('j')
    await focused('From the keys')
    await page.keyboard.press('m')
    await sees(page, '.dialog', 'Acts for')
    await page.keyboard.press('p')
    await sees(page, '.dialog', 'Priority of')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await sees(page, '.notice', 'Priority of')
    for (const [key, view] of [
      ['2', 'Now'],
      ['3', 'No open item'],
      ['4', 'Time'],
      ['5', 'Numbers'],
      ['6', 'State'],
      ['1', ''],
    ] as const) {
      await page.keyboard.press(key)
      await sees(page, 'main', view)
    }
    await page.keyboard.press('?')
    await sees(page, '.dialog', 'Keys')
    await page.keyboard.press('Escape')
    await page.locator('.dialog').waitFor({ state: 'detached' })
    expect(queue.events().map(({ type }) => type)).toEqual([
      'sessionStarted',
      'started',
      'created',
      'changed',
    ])
  })
})

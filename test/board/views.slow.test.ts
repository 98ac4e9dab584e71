/** Every view, at every width, light and dark: nothing overflows, and axe-core finds nothing. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { NO_BROWSER, openBrowser, openPage, sees, startBoard } from '../support/browser.ts'
import { ago, HOUR, MINUTE, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'
import { anchorOf, deadAnchor, registry } from '../support/sessions.ts'

const TITLES = [
  '港の潮汐表を取り込む',
  'إصلاح معايرة العوامة في الرصيف الشمالي',
  '🚢⚓ Move the map 🗺️',
  'x'.repeat(200),
  'Wind gauge drivers '.repeat(10),
]

/** 8 living, 2 dead and 3 unknown sessions, a takeover, a refusal, a cycle, a problem. */
async function busyQueue(count: number): Promise<Queue> {
  const sessions = [
    ...Array.from({ length: 8 }, (_, i) => ({
      id: `claude-here-live0${i}`,
      agent: 'claude',
      anchor: anchorOf(),
      started_at: ago(HOUR),
    })),
    ...Array.from({ length: 2 }, (_, i) => ({
      id: `codex-here-dead0${i}`,
      agent: 'codex',
      anchor: deadAnchor(),
      started_at: ago(HOUR),
    })),
    ...Array.from({ length: 3 }, (_, i) => ({
      id: `gemini-there-unkn0${i}`,
      agent: 'gemini',
      anchor: { ...anchorOf(), host: 'there', boot: 'other', pidns: 'other' },
      started_at: ago(HOUR),
    })),
  ]
  const files: Record<string, string> = { 'session-state.yaml': registry(sessions) }
  for (let i = 1; i <= count; i++) {
    const fields = {
      title: JSON.stringify(TITLES[i % TITLES.length]),
      priority: ['critical', 'high', 'low'][i % 3]!,
      target_repos: '[harbour-map]',
    }
    const session = sessions[i % 26]
    const [folder, status] = (
      [
        ['pending', 'pending'],
        ['working', 'working'],
        ['blocked', 'blocked'],
        ['done', 'done'],
        ['archive/2026-10', 'archived'],
      ] as const
    )[i % 5]!
    files[`${folder}/WRK-${i}.md`] =
      session && folder !== 'archive/2026-10'
        ? heldItem(`WRK-${i}`, session.id, ago(i * MINUTE), { ...fields, status })
        : item(`WRK-${i}`, { ...fields, status, blocked_by: i > 7 ? `[WRK-${i - 5}]` : '[]' })
  }
  if (count > 20) {
    files['pending/WRK-901.md'] = item('WRK-901', { blocked_by: '[WRK-902]' })
    files['pending/WRK-902.md'] = item('WRK-902', { blocked_by: '[WRK-901]' })
    files['pending/WRK-903.md'] = 'no frontmatter at all\n'
  }
  const queue = makeQueue(files)
  if (count > 20) {
    await queue.run('claim WRK-6', { session: 'claude-here-live00' })
    await queue.run('release WRK-10', { session: 'claude-here-live01' })
  }
  return queue
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const found = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe
      .run()
      .then(({ violations }) =>
        violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
        ),
      ),
  )
  return found
}

const VIEWS = ['board', 'now', 'graph', 'time', 'numbers', 'state']

describe.skipIf(NO_BROWSER)('every view', () => {
  test.each([0, 1, 60])(
    'with %i items fits all widths, and is free of barriers in light and dark',
    async count => {
      const queue = await busyQueue(count)
      const board = await startBoard(queue)
      const { page, errors } = await openPage(await openBrowser(), board.url)
      for (const view of VIEWS) {
        await page.evaluate(`location.hash = '#/${view}'`)
        await until(`${view} is there`, () =>
          page.evaluate(
            `document.querySelector('.view-${view}') !== null && !document.body.innerText.includes('Laying out')`,
          ),
        )
        for (const width of [360, 768, 1280, 2560]) {
          await page.setViewportSize({ width, height: 800 })
          await page.waitForTimeout(50)
          const overflow = await page.evaluate(
            '[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]',
          )
          expect(overflow, `${view} at ${width}`).toEqual([0, 0])
        }
        await page.setViewportSize({ width: 1280, height: 800 })
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          expect(await violations(page), `${view}, ${colorScheme}`).toEqual([])
        }
      }
      if (count > 0) {
        await page.evaluate(`location.hash = '#/board?item=WRK-1'`)
        await sees(page, '.text', 'Text that nobody')
        expect(await violations(page)).toEqual([])
        await page.keyboard.press('m')
        await page.locator('.dialog').waitFor()
        expect(await violations(page)).toEqual([])
      }
      expect(errors).toEqual([])
    },
  )

  test('shows what belongs there', async () => {
    const queue = await busyQueue(60)
    const board = await startBoard(queue)
    const { page } = await openPage(await openBrowser(), board.url)
    const go = (view: string) => page.evaluate(`location.hash = '#/${view}'`)
    await go('now')
    for (const heading of ['Held by dead sessions', 'May be alive', 'At work'])
      await sees(page, '.now-head', heading)
    // Filters of the board leave it alone.
    const all = await page.locator('.rows-list').getAttribute('style')
    await page.evaluate(`location.hash = '#/now?text=nothing-has-this'`)
    await sees(page, '.now-head', 'At work')
    expect(await page.locator('.rows-list').getAttribute('style')).toBe(all)
    await go('graph')
    await sees(page, '.graph-facts', 'Waits for itself (2)')
    await sees(page, '.graph-facts', 'Longest chain')
    await page.locator('.node-cycle').first().waitFor()
    await go('time')
    await sees(page, '.lane-name', 'claude-here-live0')
    await page.locator('.mark-refusal').first().waitFor()
    await go('numbers')
    await sees(page, '.tile', 'Refused')
    await go('state')
    expect(await page.locator('tbody tr').count()).toBeGreaterThanOrEqual(13)
    await sees(page, '.facts', 'not installed (wrk hooks install)')
    await go('board')
    await sees(page, '.month', '2026-10')
    await page.locator('.month').click()
    await sees(page, '.column-archive .card', 'WRK-')
    await page.evaluate("location.hash = '#/board?text=WRK-903'")
    await sees(page, '.chip-problem', 'problem')
  })

  test('says how a takeover came about, and whether the loser knows', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': heldItem('WRK-1', 'loser', ago(5 * HOUR)),
      'session-state.yaml': registry([
        { id: 'loser', anchor: anchorOf(), started_at: ago(6 * HOUR), heartbeat_at: ago(5 * HOUR) },
        { id: 'winner', anchor: anchorOf(), started_at: ago(HOUR) },
      ]),
    })
    const board = await startBoard(queue)
    const { page } = await openPage(await openBrowser(), board.url)
    await sees(page, '.now-card', 'stale')
    expect((await queue.run('claim WRK-1', { session: 'winner' })).code).toBe(0)
    await sees(page, '.chain', 'does not know yet')
    await queue.run('heartbeat', { session: 'loser', env: { WRK_NOW: '+2m' } })
    await sees(page, '.chain', 'it knows')
  })
})

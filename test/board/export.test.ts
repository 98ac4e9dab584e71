/** `wrk board --export`: one file that needs nothing else, and drawings by themselves. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NO_BROWSER, openBrowser, sees } from '../support/browser.ts'
import { ago, HOUR } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'
import { anchorOf, registry } from '../support/sessions.ts'

const TITLE = '</script><script>document.title="owned"</script> & "tides"'

function queueToExport() {
  return makeQueue({
    'pending/WRK-1.md': `${item('WRK-1', { title: `'${TITLE}'` })}\n</script><img src=x onerror="document.title='owned'">\n\nThe last line.\n`,
    'working/WRK-2.md': heldItem('WRK-2', 'tester', ago(HOUR / 2), {
      status: 'working',
      blocked_by: '[WRK-1]',
    }),
    'session-state.yaml': registry([{ id: 'tester', anchor: anchorOf(), started_at: ago(HOUR) }]),
  })
}

test('a drawing is well-formed, and text of items is text in it', async () => {
  const queue = queueToExport()
  for (const [view, shows] of [
    ['graph', 'WRK-1'],
    ['time', 'WRK-2'],
  ] as const) {
    const file = join(queue.home, `${view}.svg`)
    const { code, stdout } = await queue.run(['board', '--export', file, '--format', 'svg', '--view', view])
    expect([code, stdout]).toEqual([0, expect.stringContaining(`Wrote ${file}`)])
    const svg = readFileSync(file, 'utf8')
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(svg).toContain(shows)
    expect(svg).not.toMatch(/<script|href=|<image|url\(http/)
  }
  expect(readFileSync(join(queue.home, 'graph.svg'), 'utf8')).toContain('&lt;/script&gt;')
})

test('what it cannot do is reported before anything is written', async () => {
  const queue = queueToExport()
  const file = join(queue.home, 'board.html')
  expect((await queue.run(['board', '--export', file, '--format', 'pdf'])).code).toBe(2)
  expect((await queue.run(['board', '--export', file, '--format', 'svg', '--view', 'now'])).code).toBe(2)
  expect(existsSync(file)).toBe(false)
  const nowhere = await queue.run(['board', '--export', join(queue.home, 'no', 'board.html')])
  expect(nowhere.code).toBe(74)
  expect(nowhere.stderr).toContain('could not write')
  const json = await queue.run(['board', '--export', file, '--json'])
  expect(json.json).toMatchObject({ ok: true, file, format: 'html', items: 2, bytes: statSync(file).size })
})

describe.skipIf(NO_BROWSER)('an exported page', () => {
  test('shows the board without a server, and runs nothing of what items say', async () => {
    const queue = queueToExport()
    const file = join(queue.home, 'board.html')
    expect((await queue.run(['board', '--export', file])).code).toBe(0)
    const page = await (await openBrowser()).newPage()
    const asked: string[] = []
    page.on('request', request => {
      if (!request.url().startsWith('file:')) asked.push(request.url())
    })
    const broken: string[] = []
    page.on('pageerror', error => broken.push(error.message))
    await page.goto(`file://${file}`)
    await sees(page, '.column-pending .card', TITLE)
    await sees(page, '.column-working .card-alive', 'tester')
    await page.locator('.column-pending .card-link').click()
    await sees(page, '.text', 'The last line.')
    expect(await page.locator('.acts, .new-button').count()).toBe(0)
    await page.keyboard.press('Escape')
    await page.keyboard.press('3')
    await sees(page, '.graph', 'WRK-2')
    expect(await page.title()).not.toContain('owned')
    expect([asked, broken]).toEqual([[], []])
  })
})

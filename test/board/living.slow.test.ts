/** How a board lives: it reconnects, many tabs share one connection, it ends; and what it needs meanwhile. */
import { rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { BrowserContext } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { becomes, NO_BROWSER, openBrowser, openPage, sees, startBoard } from '../support/browser.ts'
import { until } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { makeQueue } from '../support/queue.ts'

const items = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`pending/WRK-${i + 1}.md`, item(`WRK-${i + 1}`)]),
  )

/** How many streams of changes the tabs of a browser have asked for. */
function streamsOf(context: BrowserContext): { asked: () => number } {
  let asked = 0
  context.on('request', one => {
    if (one.url().includes('/api/changes')) asked++
  })
  return { asked: () => asked }
}

describe.skipIf(NO_BROWSER)('a page', () => {
  test('says so when its server is stopped, and shows what happened when it goes on', async () => {
    const queue = makeQueue(items(3))
    const board = await startBoard(queue)
    const { page, errors } = await openPage(await openBrowser(), board.url)
    await sees(page, '.connection', 'Live')
    process.kill(board.pid, 'SIGSTOP')
    expect((await queue.run('claim WRK-1')).code).toBe(0)
    await sees(page, '.connection', 'No answer')
    await sees(page, '.trouble', 'This is how it was at')
    await page.waitForTimeout(2000)
    expect((await queue.run('start WRK-2')).code).toBe(0)
    process.kill(board.pid, 'SIGCONT')
    await sees(page, '.connection', 'Live')
    await sees(page, '.column-pending .card:has(.session)', 'WRK-1')
    await sees(page, '.column-working .card:has(.session)', 'WRK-2')
    expect((await queue.run('release WRK-1')).code).toBe(0)
    await page.locator('.column-pending .card:has(.session)').waitFor({ state: 'detached' })
    expect(errors.filter(error => !/Failed to fetch|net::ERR/.test(error))).toEqual([])
  })

  test('of a board that was started again is let in by the new one’s', async () => {
    const queue = makeQueue(items(2))
    const first = await startBoard(queue)
    const context = await openBrowser()
    const { page } = await openPage(context, first.url)
    await first.end()
    await sees(page, '.connection', 'The board has ended')
    const second = await startBoard(queue)
    expect(second.port).toBe(first.port)
    await page.reload()
    await sees(page, '.waiting', 'wrk board')
    await openPage(context, second.url)
    await sees(page, '.connection', 'Live')
    await queue.run('claim WRK-1')
    await sees(page, '.column-pending .card:has(.session)', 'WRK-1')
  })

  test('keeps filters, view and open item in its address', async () => {
    const queue = makeQueue(items(30))
    const board = await startBoard(queue)
    const context = await openBrowser()
    const { page } = await openPage(context, board.url)
    await page.locator('#find').fill('WRK-2')
    await becomes(page, "document.querySelector('.column-pending .count').textContent === '11'")
    await page.locator('.card-link[aria-label^="WRK-21 "]').click()
    await sees(page, '.panel-title', 'WRK-21')
    const address = page.url()
    await page.reload()
    await sees(page, '.panel-title', 'WRK-21')
    expect(await page.locator('#find').inputValue()).toBe('WRK-2')
    await page.goBack()
    await page.locator('.panel').waitFor({ state: 'detached' })
    // A tab without the key asks the one that has it.
    const other = await context.newPage()
    await other.goto(address)
    await sees(other, '.panel-title', 'WRK-21')
  })

  test.each([2, 7])('in %i tabs at once has one connection, and passes it on', async count => {
    const queue = makeQueue(items(5))
    const board = await startBoard(queue)
    const context = await openBrowser()
    const streams = streamsOf(context)
    const pages = []
    for (let i = 0; i < count; i++) pages.push((await openPage(context, board.url)).page)
    for (const page of pages) await sees(page, '.column-pending .card', 'WRK-5')
    expect(streams.asked()).toBe(1)
    await queue.run('claim WRK-1')
    for (const page of pages) await sees(page, '.column-pending .card:has(.session)', 'WRK-1')
    // Acts have connections of their own, in any tab.
    await pages.at(-1)!.locator('.column .card-link[aria-label^="WRK-2 "]').click()
    await pages.at(-1)!.locator('.acts button', { hasText: 'Start' }).click()
    for (const page of pages) await sees(page, '.column-working .card', 'WRK-2')
    await pages.shift()!.close()
    await queue.run('release WRK-1')
    for (const page of pages)
      await page.locator('.column-pending .card:has(.session)').waitFor({ state: 'detached' })
    // One of those that are left has taken over.
    expect(streams.asked()).toBe(2)
  })
})

test('a board ends when its queue is gone', async () => {
  const queue = makeQueue(items(1))
  const { ended } = await startBoard(queue)
  rmSync(queue.root, { recursive: true })
  expect(await ended).toBe(0)
})

test('slow requests are cut off', async () => {
  const { port } = await startBoard(makeQueue(items(1)))
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let closed = false
  socket.on('close', () => {
    closed = true
  })
  socket.on('error', () => undefined)
  socket.resume()
  socket.write('GET / HTTP/1.1\r\nHost: ')
  await until('the connection is closed', () => closed, 60_000)
})

test('a follower that does not read is dropped, and the others hear everything', async () => {
  const queue = makeQueue(items(600))
  const { port, token } = await startBoard(queue)
  const follow = (reads: boolean) =>
    new Promise<{ text: () => string; closed: () => boolean; read: () => void }>((settle, fail) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port,
          path: '/api/changes?after=0',
          headers: { Authorization: `Bearer ${token}` },
          agent: false,
        },
        response => {
          let [text, closed] = ['', false]
          const read = () =>
            void response.on('data', (chunk: Buffer) => {
              text += chunk
            })
          if (reads) read()
          asked.socket?.on('close', () => {
            closed = true
          })
          response.on('error', () => undefined)
          settle({ text: () => text, closed: () => closed, read })
        },
      )
      asked.on('error', fail)
      asked.end()
      onTestFinished(() => void asked.destroy())
    })
  const [reader, sleeper] = [await follow(true), await follow(false)]
  const title = 'x'.repeat(3000)
  // More than the system keeps for one who does not read (10 MB on Linux), and more than the board does.
  for (let round = 0; round < 12; round++) {
    for (let i = 1; i <= 600; i++) queue.write(`WRK-${i}`, item(`WRK-${i}`, { title: `${title}${round}` }))
    await until(`round ${round} arrived`, () => reader.text().includes(`${title}${round}"`), 60_000)
  }
  // What was sent before it was dropped is there still; then the connection ends.
  sleeper.read()
  await until('the sleeper was dropped', sleeper.closed)
  expect(sleeper.text().length).toBeLessThan(reader.text().length)
  expect(reader.closed()).toBe(false)
  const numbers = reader
    .text()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .filter(({ type }) => type === 'change')
    .map(({ n }) => n)
  expect(numbers).toEqual(numbers.map((_, i) => i + 1))
})

/**
 * What `wrk board` needs and how fast it is, in a real browser: playwright-core with Debian's chromium; without one the
 * part is left out, and says so.
 *
 * Idle: processor time of the server over a minute in which nothing happens, with a page open, and the page's own task
 * time beside that of an empty one. Claims: from the change time of the item's file to the frame in which its card
 * names the holder. Frames: the columns are scrolled by hand-made steps, and the time between two frames is taken.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { summary, tracked } from './measure.mjs'
import { program } from './program.mjs'
import { items, progress } from './setting.mjs'
import { goal } from './table.mjs'

const { path: CHROMIUM, flags: FLAGS } = JSON.parse(
  readFileSync(new URL('../chromium.json', import.meta.url), 'utf8'),
)
const CLIENTS = 20

export async function board(setting) {
  if (!existsSync(CHROMIUM) || process.platform !== 'linux')
    return [{ title: 'wrk board', columns: {}, rows: [], note: `left out: it needs Linux and ${CHROMIUM}` }]
  const { smoke } = setting
  const queue = await setting.queueOf(smoke ? 400 : 10_000, { name: 'boarded' })
  const small = await setting.queueOf(30, { name: 'boarded-small' })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  try {
    progress('board')
    const seconds = smoke ? 5 : 60
    const idle = await withBoard(setting, small, async server => idleOf(browser, server, seconds))
    const large = await withBoard(setting, queue, async server => ({
      idle: await idleOf(browser, server, seconds),
      ...(await lookAt(browser, server, smoke)),
      claims: await claimsOf(browser, setting, server, queue, smoke ? 3 : 100),
      clients: await clientsOf(setting, server, queue, smoke ? 3 : 25),
      peak_mb: memoryOf(server.pid, 'VmHWM'),
    }))
    return [
      idleTable(
        [
          [small, idle],
          [queue, large.idle],
        ],
        seconds,
        smoke,
      ),
      speedTable(queue, large, smoke),
    ]
  } finally {
    await browser.close()
    rmSync(queue.root, { recursive: true })
    rmSync(small.root, { recursive: true })
  }
}

function idleTable(rows, seconds, smoke) {
  return {
    title: `wrk board, ${seconds} s in which nothing happens`,
    columns: {
      'server, % of a core': row => row.server_percent.toFixed(3),
      'page, ms a minute': row => row.page_ms.toFixed(1),
      'about:blank': row => row.blank_ms.toFixed(1),
    },
    rows: rows.map(([queue, row]) => ({
      name: items(queue.count),
      goals: smoke ? [] : [goal('server under 0.1%', row.server_percent < 0.1)],
      ...row,
    })),
  }
}

function speedTable(queue, large, smoke) {
  const ms = value => value.toFixed(0)
  const { claims, frames, clients } = large
  return {
    title: 'wrk board',
    columns: { figure: ({ figure }) => figure },
    rows: [
      row(
        'claim to card, ms: median, 99th percentile, max',
        `${ms(claims.median)}, ${ms(claims.p99)}, ${ms(claims.max)}`,
        ['99th percentile 200 ms', claims.p99 <= 200],
      ),
      row('first paint, first card, ms', `${ms(large.first_paint_ms)}, ${ms(large.first_card_ms)}`, [
        'first paint 300 ms',
        large.first_paint_ms <= 300,
      ]),
      row('first load without the items, KB compressed', ms(large.load_kb), ['150 KB', large.load_kb < 150]),
      row(
        'frames while scrolling, ms: median, 99th percentile, longest',
        `${ms(frames.median)}, ${ms(frames.p99)}, ${ms(frames.max)}`,
        ['none over 50 ms', frames.max <= 50],
      ),
      row('filter by a letter, ms: median, longest', `${ms(large.filter.median)}, ${ms(large.filter.max)}`),
      row('server’s memory, MB: now, at most', `${ms(large.rss_mb)}, ${ms(large.peak_mb)}`, [
        '150 MB',
        large.peak_mb < 150,
      ]),
      row(
        `${CLIENTS} clients: claim to the last of them, ms: median, max`,
        `${ms(clients.median)}, ${ms(clients.max)}`,
      ),
      row(`${CLIENTS} clients: server’s processor time a claim, ms`, clients.cpu_ms.toFixed(1)),
    ].map(one => ({ ...one, goals: smoke ? [] : one.goals, name: `${items(queue.count)}: ${one.name}` })),
  }
}

function row(name, figure, [text, pass] = []) {
  return { name, figure, goals: text ? [goal(text, pass)] : [] }
}

/** Runs something with a board that is served, and ends it. */
async function withBoard({ context }, queue, use) {
  const child = tracked(
    spawn(process.execPath, [program.wrk, 'board', '--no-open', '--queue', queue.root], {
      ...context,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  const ended = new Promise(settle => child.once('close', settle))
  try {
    await new Promise((settle, fail) => {
      child.stdout.once('data', settle)
      child.once('close', () => fail(new Error('wrk board has ended')))
    })
    const { port, token } = JSON.parse(readFileSync(join(queue.root, '.wrk', 'board.json'), 'utf8'))
    return await use({ pid: child.pid, port, token, url: `http://127.0.0.1:${port}/#token=${token}` })
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

async function openBoard(browser, { url }) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 900 } })
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForSelector('.card')
  return page
}

async function idleOf(browser, server, seconds) {
  const page = await openBoard(browser, server)
  const blankContext = await browser.newContext()
  const blank = await blankContext.newPage()
  await blank.goto('about:blank')
  await pause(3000)
  const [ofPage, ofBlank] = [await taskTime(page), await taskTime(blank)]
  const [cpu, pageMs, blankMs] = [cpuMs(server.pid), await ofPage(), await ofBlank()]
  const began = performance.now()
  await pause(seconds * 1000)
  const used = cpuMs(server.pid) - cpu
  const elapsed = performance.now() - began
  const minute = value => (value * 60_000) / elapsed
  const figures = {
    server_percent: (100 * used) / elapsed,
    page_ms: minute((await ofPage()) - pageMs),
    blank_ms: minute((await ofBlank()) - blankMs),
  }
  await page.context().close()
  await blankContext.close()
  return figures
}

/** The time that a page's thread was busy with, in ms. */
async function taskTime(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1000
  }
}

/** Of all threads, to the nanosecond. */
function cpuMs(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const ns = tasks.reduce((sum, task) => {
    try {
      return sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
    } catch (error) {
      // A thread that ended meanwhile.
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error
      return sum
    }
  }, 0)
  return ns / 1e6
}

function memoryOf(pid, name) {
  const [, kilobytes] = new RegExp(`${name}:\\s*(\\d+) kB`).exec(
    readFileSync(`/proc/${pid}/status`, 'latin1'),
  )
  return Number(kilobytes) / 1024
}

async function lookAt(browser, server, smoke) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 900 } })
  const page = await context.newPage()
  const sizes = []
  page.on('response', answer => {
    if (!answer.url().includes('/api/'))
      sizes.push(
        answer.body().then(
          body => gzipSync(body).length,
          () => 0,
        ),
      )
  })
  await page.goto(server.url)
  await page.waitForSelector('.card')
  const times = await page.evaluate(() => ({
    paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    answered: performance.getEntriesByType('navigation')[0].responseStart,
    now: performance.now(),
  }))
  await pause(1000)
  const frames = await page.evaluate(scrollColumns, smoke ? 60 : 400)
  const filter = await page.evaluate(typeLetters, smoke ? 4 : 30)
  const figures = {
    first_paint_ms: times.paint - times.answered,
    first_card_ms: times.now - times.answered,
    load_kb: (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1024,
    frames: spread(frames),
    filter: spread(filter),
    rss_mb: memoryOf(server.pid, 'VmRSS'),
  }
  await context.close()
  return figures
}

/** In the page: scrolls each column; gives the time between frames. */
async function scrollColumns(count) {
  const frame = () => new Promise(requestAnimationFrame)
  const columns = [...document.querySelectorAll('.column .rows')]
  const times = []
  await frame()
  for (let i = 0; i < count; i++) {
    const before = await frame()
    columns[i % columns.length].scrollTop += 1700
    times.push((await frame()) - before)
  }
  return times
}

/** In the page: types and removes a letter; gives the time to the frame that shows it. */
async function typeLetters(count) {
  const frame = () => new Promise(requestAnimationFrame)
  const find = document.getElementById('find')
  const times = []
  for (let i = 0; i < count; i++) {
    await frame()
    const began = performance.now()
    find.value = i % 2 ? '' : 'e'
    find.dispatchEvent(new Event('input', { bubbles: true }))
    await frame()
    await frame()
    times.push(performance.now() - began)
  }
  return times
}

async function claimsOf(browser, setting, server, queue, rounds) {
  const page = await openBoard(browser, server)
  await page.locator('#find').fill('claude-bench')
  // Of the cards in sight, those that name the session come and go.
  await page.evaluate(() => {
    globalThis.seen = new Map()
    new MutationObserver(() => {
      const at = performance.timeOrigin + performance.now()
      for (const card of document.querySelectorAll('.column .card:has(.session)')) {
        const id = card.querySelector('.id').textContent
        if (!globalThis.seen.has(id)) globalThis.seen.set(id, at)
      }
    }).observe(document.querySelector('.columns'), { subtree: true, childList: true, characterData: true })
  })
  const took = []
  for (let i = 0; i < rounds; i++) {
    const id = queue.next()
    await page.evaluate(id => globalThis.seen.delete(id), id)
    await setting.wrk(queue, 'claim', id)
    const at = await until(() => page.evaluate(id => globalThis.seen.get(id), id))
    took.push(at - statSync(pathOf(queue, id)).ctimeMs)
    await setting.wrk(queue, 'release', id)
    await until(() =>
      page.evaluate(
        id => ![...document.querySelectorAll('.column .card .id')].some(one => one.textContent === id),
        id,
      ),
    )
  }
  await page.context().close()
  return spread(took)
}

function pathOf({ root }, id) {
  const name = readdirSync(join(root, 'pending')).find(one => one === `${id}.md` || one.startsWith(`${id}-`))
  return join(root, 'pending', name)
}

async function clientsOf(setting, { pid, port, token }, queue, rounds) {
  const heard = []
  const { n } = await stateOf(port, token)
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => follow(port, token, n, id => heard[i]?.(id))),
  )
  const took = []
  const cpu = cpuMs(pid)
  for (let i = 0; i < rounds; i++) {
    const id = queue.next()
    const all = Promise.all(
      clients.map(
        (_, i) =>
          new Promise(settle => {
            heard[i] = found => {
              if (found === id) settle(performance.timeOrigin + performance.now())
            }
          }),
      ),
    )
    await setting.wrk(queue, 'claim', id)
    took.push(Math.max(...(await all)) - statSync(pathOf(queue, id)).ctimeMs)
    await setting.wrk(queue, 'release', id)
    await pause(100)
  }
  const used = (cpuMs(pid) - cpu) / (2 * rounds)
  for (const client of clients) client.destroy()
  return { ...spread(took), cpu_ms: used }
}

function stateOf(port, token) {
  return new Promise((settle, fail) => {
    request(
      { host: '127.0.0.1', port, path: '/api/state', headers: { Authorization: `Bearer ${token}` } },
      response => {
        let text = ''
        response.on('data', chunk => {
          text += chunk
        })
        response.on('end', () => settle(JSON.parse(text)))
      },
    )
      .on('error', fail)
      .end()
  })
}

function follow(port, token, n, call) {
  return new Promise((settle, fail) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path: `/api/changes?after=${n}`,
        headers: { Authorization: `Bearer ${token}` },
        agent: false,
      },
      response => {
        let rest = ''
        response.setEncoding('utf8')
        response.on('data', chunk => {
          const lines = (rest + chunk).split('\n')
          rest = lines.pop()
          for (const line of lines)
            for (const { id, holder } of JSON.parse(line).items ?? []) if (holder) call(id)
        })
        response.on('error', () => undefined)
        settle(asked)
      },
    )
    asked.on('error', fail)
    asked.end()
  })
}

async function until(look) {
  for (const deadline = performance.now() + 30_000; ; ) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadline) throw new Error('the board does not show it')
  }
}

function spread(sample) {
  const sorted = [...sample].sort((a, b) => a - b)
  return { ...summary(sorted), p99: sorted[Math.min(sorted.length - 1, Math.floor(0.99 * sorted.length))] }
}

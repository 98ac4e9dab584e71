/** What a foreign page, a foreign name, hostile text and another user can do to the board: nothing. */
import { spawnSync } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Board, NO_BROWSER, openBrowser, openPage, sees, startBoard } from '../support/browser.ts'
import { item } from '../support/items.ts'
import { makeQueue, type Queue } from '../support/queue.ts'

/** A site of its own, on a port and under a name that are not the board's. */
async function foreignSite(
  html = '<!doctype html><title>foreign</title>',
): Promise<{ port: number; server: Server; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.referer ?? ''}`)
    response.setHeader('Content-Type', 'text/html')
    response.end(html)
  })
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, server, asked }
}

/** evil.example leads to this machine, as it does after a DNS rebinding. */
const REBOUND = ['--host-resolver-rules=MAP evil.example 127.0.0.1']

async function setUp(): Promise<{ queue: Queue; board: Board; context: BrowserContext }> {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { title: 'Secret tide table' }) })
  const board = await startBoard(queue)
  const context = await openBrowser(REBOUND)
  // The board is open in a tab beside, as when it is attacked.
  await openPage(context, board.url)
  return { queue, board, context }
}

/** Runs in a foreign page. */
async function inPage<T>(page: Page, script: string): Promise<T> {
  return (await page.evaluate(`(async () => { ${script} })()`)) as T
}

describe.skipIf(NO_BROWSER)('a foreign page', () => {
  test.each(['http://127.0.0.1', 'http://evil.example'])(
    'at %s reads nothing and changes nothing',
    async origin => {
      const { queue, board, context } = await setUp()
      const { port } = await foreignSite()
      const page = await context.newPage()
      await page.goto(`${origin}:${port}/`)
      const base = `http://127.0.0.1:${board.port}`
      const act = JSON.stringify({
        verb: 'claim',
        id: 'WRK-1',
        shown: { locked_by: null, locked_at: null, status: 'pending' },
      })

      const reads = await inPage<string[]>(
        page,
        `
      const seen = []
      for (const path of ['/', '/board.js', '/api/state', '/api/item?id=WRK-1', '/api/changes?after=0'])
        for (const mode of ['cors', 'no-cors'])
          for (const headers of [{}, { Authorization: 'Bearer ' + 'x'.repeat(43) }])
            try { const answer = await fetch('${base}' + path, { mode, headers }); seen.push(answer.type + ' ' + answer.status + ' ' + (await answer.text()).slice(0, 20)) } catch { seen.push('failed') }
      return seen`,
      )
      expect(
        reads.every(read => read === 'failed' || /^opaque 0 ?$/.test(read)),
        reads.join('\n'),
      ).toBe(true)

      await inPage(
        page,
        `
      const bodies = ['text/plain', 'application/x-www-form-urlencoded', 'application/json']
      for (const type of bodies)
        for (const mode of ['no-cors', 'cors'])
          try { await fetch('${base}/api/act', { method: 'POST', mode, headers: { 'Content-Type': type }, body: ${JSON.stringify(act)} }) } catch {}
      navigator.sendBeacon('${base}/api/act', new Blob([${JSON.stringify(act)}], { type: 'text/plain' }))
      for (const tag of ['img', 'script', 'iframe', 'link', 'object', 'video']) {
        const element = document.createElement(tag)
        element[tag === 'link' ? 'href' : tag === 'object' ? 'data' : 'src'] = '${base}/' + (tag === 'iframe' ? '' : 'board.js')
        if (tag === 'link') element.rel = 'stylesheet'
        document.body.append(element)
      }
      try { const socket = new WebSocket('ws://127.0.0.1:${board.port}/api/changes'); await new Promise(settle => { socket.onerror = socket.onopen = settle }); window.opened = socket.readyState } catch {}
      const source = new EventSource('${base}/api/changes?after=0'); await new Promise(settle => { source.onerror = source.onopen = settle }); window.source = source.readyState; source.close()
      return true`,
      )
      expect(await inPage(page, 'return window.opened')).not.toBe(1)
      expect(await inPage(page, 'return window.source')).toBe(2)
      expect(
        await inPage(page, 'return document.querySelector("#board") === null && typeof globalThis.wrk'),
      ).toBe('undefined')
      expect(await inPage(page, 'return document.querySelector("iframe").contentDocument')).toBeNull()
      const frame = page.frames().find(one => one !== page.mainFrame())
      expect(await frame?.evaluate('document.body.innerText').catch(() => '')).not.toContain('Secret')

      // A form is sent as a navigation, which no script has to be allowed for.
      await inPage(
        page,
        `
      const form = document.createElement('form'); form.method = 'post'; form.enctype = 'text/plain'; form.action = '${base}/api/act'
      const input = document.createElement('input'); input.name = ${JSON.stringify(`${act.slice(0, -1)},"x":"`)}; input.value = '"}'
      form.append(input); document.body.append(form); form.submit(); return true`,
      ).catch(() => undefined)
      await page.waitForLoadState()
      expect(await page.locator('body').innerText()).not.toContain('Secret')

      expect(queue.lock('WRK-1').by).toBe('')
      expect(queue.exists('.wrk/events.jsonl')).toBe(false)
    },
  )

  test('that opens the board gets a page without a key, and cannot look into it', async () => {
    const { board, context } = await setUp()
    const { port } = await foreignSite()
    const page = await context.newPage()
    await page.goto(`http://evil.example:${port}/`)
    const [opened] = await Promise.all([
      context.waitForEvent('page'),
      inPage(page, `window.board = window.open('http://127.0.0.1:${board.port}/'); return true`),
    ])
    await opened.waitForLoadState()
    expect(
      await inPage(page, 'try { return window.board.document.title } catch { return "refused" }'),
    ).toMatch(/refused|^$/)
    expect(await opened.evaluate('window.opener')).toBeNull()
    expect(opened.url()).not.toContain(board.token)
  })

  test('under a name that leads here by way of DNS gets nothing at all', async () => {
    const { queue, board, context } = await setUp()
    const page = await context.newPage()
    for (const path of ['/', '/board.js', '/api/state']) {
      const answer = await page.goto(`http://evil.example:${board.port}${path}`)
      expect(answer?.status()).toBe(403)
      expect(await page.locator('body').innerText()).not.toContain('Secret')
    }
    expect(
      await inPage(
        page,
        `return (await fetch('/api/act', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).status`,
      ),
    ).toBe(403)
    expect(queue.lock('WRK-1').by).toBe('')
  })
})

const HOSTILE = `
<script>document.title = 'owned'</script>
<img src="x" onerror="document.title='owned'"> <svg onload="document.title='owned'"><a xlink:href="javascript:alert(1)">x</a></svg>
<iframe src="http://127.0.0.1:1/"></iframe><form action="http://127.0.0.1:1/"><button>send</button></form>
<style>body { display: none }</style><p style="position:fixed;inset:0" id="board">styled</p>

[bad](javascript:document.title='owned') [data](data:text/html,x) [good](https://example.org/a?b=c) ![pixel](http://127.0.0.1:1/pixel.png)

<a href="https://example.org/real" target="_top" onclick="document.title='owned'">https://bank.example</a>

<details open ontoggle="document.title='owned'"><summary>s</summary></details>

<math><mtext><table><mglyph><style><img src=x onerror="document.title='owned'">
`

describe.skipIf(NO_BROWSER)('text of an item', () => {
  test('runs nothing, loads nothing, and says where its links lead', async () => {
    const queue = makeQueue({
      'pending/WRK-1.md': `${item('WRK-1', { title: '"<img src=x onerror=document.title=1>"', priority: '"<b>x"' })}${HOSTILE}`,
    })
    const board = await startBoard(queue)
    const context = await openBrowser()
    const page = await context.newPage()
    const elsewhere: string[] = []
    page.on('request', request => {
      if (!request.url().startsWith(`http://127.0.0.1:${board.port}/`)) elsewhere.push(request.url())
    })
    await page.goto(board.url)
    await sees(page, '.card', '<img src=x')
    await page.locator('.card-link').first().click()
    await sees(page, '.text', 'pixel')
    expect(await page.title()).not.toMatch(/owned|^1$/)
    expect(elsewhere).toEqual([])
    const text = page.locator('.text')
    expect(
      await text
        .locator(
          'script, img, iframe, form, button, input, style, svg, math, [style], [id], [onclick], [onerror]',
        )
        .count(),
    ).toBe(0)
    const links = await text
      .locator('a')
      .evaluateAll(all =>
        (all as unknown as { href: string; rel: string; target: string }[]).map(
          ({ href, rel, target }) => `${href} ${rel} ${target}`,
        ),
      )
    expect(links).toEqual([
      'https://example.org/a?b=c noopener noreferrer _blank',
      'https://example.org/real noopener noreferrer _blank',
    ])
    const shown = await text.innerText()
    expect(shown).toContain('(https://example.org/a?b=c)')
    expect(shown).toContain('https://bank.example (https://example.org/real)')
    expect(shown).toContain('http://127.0.0.1:1/pixel.png')
  })

  test('a link that is followed tells the other site nothing of the board', async () => {
    const site = await foreignSite()
    const queue = makeQueue({
      'pending/WRK-1.md': `${item('WRK-1')}\n[out](http://127.0.0.1:${site.port}/out)\n`,
    })
    const board = await startBoard(queue)
    const context = await openBrowser()
    const { page } = await openPage(context, board.url)
    await page.locator('.card-link').first().click()
    const [opened] = await Promise.all([context.waitForEvent('page'), page.locator('.text a').click()])
    await opened.waitForLoadState()
    expect(site.asked[0]).toBe('GET /out ')
    expect(await opened.evaluate('[window.opener, document.referrer]')).toEqual([null, ''])
  })
})

const ROOT_HERE = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0

describe.skipIf(!ROOT_HERE)('another user of the machine', () => {
  test('reaches the port and gets nothing without the token, which it cannot read', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { title: 'Secret tide table' }) })
    const board = await startBoard(queue)
    const script = `
      const answers = []
      for (const path of ['/api/state', '/api/changes?after=0', '/api/item?id=WRK-1'])
        answers.push(await fetch('http://127.0.0.1:${board.port}' + path).then(async a => a.status + ' ' + await a.text()))
      const act = await fetch('http://127.0.0.1:${board.port}/api/act', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"verb":"new","title":"planted"}' })
      answers.push(String(act.status))
      const fs = await import('node:fs')
      for (const path of [${JSON.stringify(queue.path('.wrk/board.json'))}, '/proc/${board.pid}/environ', '/proc/${board.pid}/mem'])
        try { answers.push(fs.readFileSync(path, 'utf8')) } catch (error) { answers.push(error.code) }
      try { answers.push(fs.readFileSync('/proc/${board.pid}/cmdline', 'utf8')) } catch (error) { answers.push(error.code) }
      process.stdout.write(JSON.stringify(answers))`
    spawnSync('chmod', ['a+rx', queue.home, queue.root])
    const { stdout, stderr } = spawnSync(
      'setpriv',
      [
        '--reuid',
        '65534',
        '--regid',
        '65534',
        '--clear-groups',
        process.execPath,
        '--input-type=module',
        '-e',
        script,
      ],
      { encoding: 'utf8', cwd: '/' },
    )
    expect(stderr).toBe('')
    const answers = JSON.parse(stdout) as string[]
    expect(answers.slice(0, 4).map(one => one.slice(0, 3))).toEqual(['401', '401', '401', '401'])
    expect(answers[4]).toBe('EACCES')
    expect(answers.join()).not.toContain('Secret')
    expect(answers.join()).not.toContain(board.token)
    expect(queue.exists('.wrk/events.jsonl')).toBe(false)
  })
})

/** A real browser and a board for it to look at. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll } from 'vitest'
import { until } from './clock.ts'
import { killGroup, start } from './processes.ts'
import { cleanEnv, type Env, FIRST, PROGRAM, ROOT } from './program.ts'
import type { Queue } from './queue.ts'

/** Which browser, and how it is started: the same for the benchmark and the pictures. */
const { path: CHROMIUM, flags } = JSON.parse(
  readFileSync(join(ROOT, 'scripts', 'chromium.json'), 'utf8'),
) as {
  path: string
  flags: string[]
}
/** For `describe.skipIf`: such tests count as skipped where there is no browser. */
export const NO_BROWSER = !existsSync(CHROMIUM)

const FLAGS = [
  ...flags,
  // Pages that are not in front run as if they were.
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
]

let browser: Promise<Browser> | undefined

afterAll(async () => {
  await (await browser)?.close()
})

/** A browser profile of its own, closed with the browser when the test file ends. */
export async function openBrowser(extraFlags: readonly string[] = []): Promise<BrowserContext> {
  if (extraFlags.length === 0) {
    browser ??= chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
    return newProfile(await browser)
  }
  const own = await chromium.launch({ executablePath: CHROMIUM, args: [...FLAGS, ...extraFlags] })
  afterAll(() => own.close())
  return newProfile(own)
}

/** Patient: a browser on a busy machine may be ten times slower. */
const PATIENCE_MS = 120_000

async function newProfile(from: Browser): Promise<BrowserContext> {
  const context = await from.newContext({ viewport: { width: 1280, height: 800 } })
  context.setDefaultTimeout(PATIENCE_MS)
  return context
}

export interface Board {
  pid: number
  port: number
  token: string
  /** What the terminal's user would open. */
  url: string
  stdout: () => string
  stderr: () => string
  ended: Promise<number | null>
  /** Ends it as Ctrl-C does, and gives its exit code. */
  end: () => Promise<number | null>
}

/** Starts `wrk board` and waits until it answers. */
export async function startBoard(queue: Queue, args = '', env: Env = {}): Promise<Board> {
  const child = start(PROGRAM, [...FIRST, 'board', '--no-open', ...args.split(' ').filter(Boolean)], {
    cwd: queue.home,
    env: cleanEnv(queue.home, { WRK_QUEUE: queue.root, ...env }),
  })
  let [out, err] = ['', '']
  child.stdout!.on('data', chunk => {
    out += chunk
  })
  child.stderr!.on('data', chunk => {
    err += chunk
  })
  const ended = new Promise<number | null>(settle => child.once('close', settle))
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  await until('the board answers', () => {
    if (isOver) throw new Error(`the board has ended: ${out}${err}`)
    return out.includes('http://')
  })
  const { port, token } = JSON.parse(queue.read(join('.wrk', 'board.json')))
  return {
    pid: child.pid!,
    port,
    token,
    url: `http://127.0.0.1:${port}/#token=${token}`,
    stdout: () => out,
    stderr: () => err,
    ended,
    end: async () => {
      process.kill(child.pid!, 'SIGINT')
      const code = await ended
      killGroup(child)
      return code
    },
  }
}

export interface OpenPage {
  page: Page
  /** What the page complained of. */
  errors: string[]
}

/** Opens a board in a tab and waits until it shows the queue. */
export async function openPage(context: BrowserContext, url: string): Promise<OpenPage> {
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', error => errors.push(error.message))
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text())
  })
  await page.goto(url)
  await page.waitForSelector('nav')
  return { page, errors }
}

/** Waits until the page shows an element with this text. */
export async function sees(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).first().waitFor()
}

/** Waits until an expression is true in the page; the page's own policy forbids it to be evaluated there. */
export async function becomes(page: Page, expression: string): Promise<void> {
  await until(expression, () => page.evaluate(`Boolean(${expression})`))
}

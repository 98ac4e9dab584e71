/**
 * Makes the README's pictures of `wrk board`, light and dark: a queue in a temporary folder, worked on by agents that
 * are real processes, one of which is killed; then the page as a browser shows it.
 *
 *   npm run build && node scripts/pictures/board.mjs [FOLDER]      default: docs/images
 *
 * Needs Linux, bash and Debian's chromium.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const WRK = join(root, 'dist', 'wrk.cjs')
const folder = resolve(process.argv[2] ?? join(root, 'docs', 'images'))
const home = realpathSync(mkdtempSync(join(tmpdir(), 'wrk-picture-')))
const queue = join(home, 'tide-station', '.claude', 'work-queue')
const env = {
  PATH: `${join(home, 'bin')}:${dirname(process.execPath)}:${process.env.PATH}`,
  HOME: home,
  WRK_QUEUE: queue,
  LANG: 'C.UTF-8',
  NODE_DISABLE_COMPILE_CACHE: '1',
}
const running = []

try {
  mkdirSync(join(home, 'bin'))
  writeFileSync(join(home, 'bin', 'wrk'), `#!/bin/sh\nexec '${process.execPath}' '${WRK}' "$@"\n`, {
    mode: 0o755,
  })
  mkdirSync(queue, { recursive: true })
  wrk('init', queue)
  for (const [title, priority, ...waitsFor] of ITEMS())
    wrk('new', title, '--priority', priority, ...waitsFor.flatMap(id => ['--blocked-by', id]))
  for (const id of ['9', '10', '11']) wrk('done', id)
  wrk('block', '8', '--reason', 'waits for the harbour master')
  const agents = {
    claude: await agent('claude', 'wrk start 1'),
    codex: await agent('codex', 'wrk start 2'),
    gemini: await agent('gemini', 'wrk claim 5'),
    crashed: await agent('codex', 'wrk start 4'),
    other: await agent('claude', 'wrk start 3'),
  }
  agents.crashed.kill('SIGKILL')
  await new Promise(settle => agents.crashed.once('close', settle))
  agents.later = await agent('claude', 'wrk start 6')
  agents.later.kill('SIGKILL')
  await new Promise(settle => agents.later.once('close', settle))
  await agent('gemini', 'wrk start 6')
  await takePictures()
} finally {
  for (const child of running) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

function ITEMS() {
  return [
    ['Import the tide tables of the north pier', 'critical'],
    ['Calibrate the pressure sensor', 'high'],
    ['Show gaps in the chart of the last hour', 'medium', '1'],
    ['Move the harbour map tiles', 'high'],
    ['Retry failed uploads with a longer pause', 'medium'],
    ['Warn when a buoy drifts', 'high', '2'],
    ['Ferry timetable: public holidays', 'low', '3', '4'],
    ['Mooring planner for visitors', 'medium'],
    ['Unit conversion of depth soundings', 'medium'],
    ['Night shift report by mail', 'low'],
    ['Permissions of the archive folder', 'high'],
    ['Wind gauge drivers for the south pier', 'medium', '2'],
    ['潮汐表の取り込み', 'high'],
  ]
}

function wrk(...words) {
  const { status, stderr } = spawnSync(process.execPath, [WRK, '--session', 'harbour-office', ...words], {
    env,
    cwd: home,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`wrk ${words.join(' ')} ended with ${status}: ${stderr}`)
}

/** A process by an agent's name that has run a command and waits for the next. */
async function agent(name, command) {
  const folder = mkdtempSync(join(home, 'agent-'))
  const program = join(folder, name)
  symlinkSync('/bin/bash', program)
  const child = spawn(
    program,
    ['--norc', '--noprofile', '-c', `${command} >/dev/null 2>&1; echo done; read -r _`],
    { env, cwd: home, stdio: ['pipe', 'pipe', 'inherit'], detached: true },
  )
  running.push(child)
  await new Promise(settle => child.stdout.once('data', settle))
  return child
}

async function takePictures() {
  const server = spawn(process.execPath, [WRK, 'board', '--no-open'], {
    env,
    cwd: home,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.push(server)
  await new Promise(settle => server.stdout.once('data', settle))
  const { port, token } = JSON.parse(readFileSync(join(queue, '.wrk', 'board.json'), 'utf8'))
  const { path: executablePath, flags: args } = JSON.parse(
    readFileSync(new URL('../chromium.json', import.meta.url), 'utf8'),
  )
  const browser = await chromium.launch({ executablePath, args })
  mkdirSync(folder, { recursive: true })
  try {
    for (const colorScheme of ['light', 'dark']) {
      const page = await browser.newPage({
        viewport: { width: 1624, height: 700 },
        deviceScaleFactor: 1.25,
        colorScheme,
      })
      await page.goto(`http://127.0.0.1:${port}/#token=${token}`)
      await page.waitForSelector('.card')
      await page.waitForTimeout(500)
      writeFileSync(join(folder, `board-${colorScheme}.webp`), await webp(browser, await page.screenshot()))
      await page.close()
    }
  } finally {
    await browser.close()
  }
}

/** The same picture at a third of the size: the browser is the only one here that writes WebP. */
async function webp(browser, png) {
  const page = await browser.newPage()
  const url = await page.evaluate(
    async source => {
      const image = new Image()
      image.src = source
      await image.decode()
      const canvas = document.createElement('canvas')
      canvas.width = image.width
      canvas.height = image.height
      canvas.getContext('2d').drawImage(image, 0, 0)
      return canvas.toDataURL('image/webp', 0.85)
    },
    `data:image/png;base64,${png.toString('base64')}`,
  )
  await page.close()
  return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
}

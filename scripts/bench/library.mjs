/**
 * Claims per second through the library: by one process, and by several at once, on one item and on many. A claim
 * and its release are one; refusals (another holds it) and BUSY (the guard was not to be had in time) count apart.
 */
import { fork } from 'node:child_process'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tracked } from './measure.mjs'
import { program } from './program.mjs'
import { items, progress } from './setting.mjs'
import { goal } from './table.mjs'

const CLAIMER = fileURLToPath(new URL('claimer.mjs', import.meta.url))

export async function library(setting) {
  const { smoke } = setting
  const queue = await setting.queueOf(smoke ? 120 : 1200, { name: 'library' })
  const seconds = smoke ? 0.3 : 2
  progress('library')
  const alone = [await inThisProcess(setting, queue), await floor(setting, queue)]
  const crowds = []
  for (const [shape, ids] of [
    ['one item', [queue.free[0]]],
    ['items of their choice', queue.free],
  ])
    for (const processes of smoke ? [1, 2] : [1, 2, 4, 8]) {
      const name = `${processes} ${processes === 1 ? 'process' : 'processes'}, ${shape}`
      progress(name)
      crowds.push({ name, ...(await crowd(setting, queue, processes, ids, seconds)) })
    }
  rmSync(queue.root, { recursive: true })
  const perSecond = what => row => row[what].toFixed(0)
  return [
    {
      title: `In one process, ${items(queue.count)}`,
      columns: { 'per second': perSecond('per_second'), pairs: ({ pairs }) => String(pairs) },
      rows: alone,
    },
    {
      title: `At once, ${items(queue.count)}`,
      columns: {
        'pairs per second': perSecond('per_second'),
        'refused per second': perSecond('refused_per_second'),
        BUSY: ({ busy }) => String(busy),
        'by the slowest': perSecond('slowest_per_second'),
        'by the fastest': perSecond('fastest_per_second'),
      },
      rows: crowds,
    },
  ]
}

/** Claims and releases, all in this process, one after the other. */
async function inThisProcess(setting, queue) {
  const opened = await setting.open(queue)
  const row = await repeat(setting, async () => {
    const id = queue.next()
    const { kind } = await opened.claim(id)
    const { released } = await opened.release(id)
    if (kind !== 'granted' || !released) throw new Error(`${id}: claim was ${kind}, released: ${released}`)
  })
  return {
    name: 'claim and release',
    goals: setting.smoke ? [] : [goal('500 or more', row.per_second >= 500)],
    ...row,
  }
}

/** What a claim and its release cannot do without: two new files, on the disk, in place of old ones. */
async function floor(setting, { root }) {
  const path = join(root, 'floor')
  const text = Buffer.alloc(2700, 'x')
  const write = () => {
    const fd = openSync(`${path}.new`, 'w')
    writeSync(fd, text)
    fsyncSync(fd)
    closeSync(fd)
    renameSync(`${path}.new`, path)
    const folder = openSync(dirname(path), 'r')
    fsyncSync(folder)
    closeSync(folder)
  }
  const row = await repeat(setting, () => {
    write()
    write()
  })
  return { name: 'floor: twice write, fsync, rename', ...row }
}

async function repeat({ smoke }, act) {
  const most = smoke ? 5 : 1500
  const begin = performance.now()
  let pairs = 0
  for (; pairs < most && performance.now() - begin < 5000; pairs++) {
    await act()
    // Files only: without this, a signal would wait for the last pair.
    await new Promise(setImmediate)
  }
  return { pairs, per_second: (pairs * 1000) / (performance.now() - begin) }
}

/** So many processes, each a session of its own, that claim and release for some seconds. */
async function crowd({ context }, { root }, processes, ids, seconds) {
  const children = Array.from({ length: processes }, (_, i) => {
    const child = tracked(
      fork(CLAIMER, [program.library, root, `claude-crowd-${i}`], {
        ...context,
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      }),
    )
    const errors = []
    child.stderr.on('data', chunk => errors.push(chunk))
    const messages = []
    const ended = new Promise((settle, fail) => {
      child.on('message', message => messages.push(message))
      child.once('error', fail)
      child.once('close', code => {
        if (code === 0) settle(messages.at(-1))
        else fail(new Error(`a claiming process ended with ${code}: ${Buffer.concat(errors)}`))
      })
    })
    const ready = new Promise(settle => child.once('message', settle))
    return { child, ended, ready: Promise.race([ready, ended]) }
  })
  const ended = Promise.all(children.map(one => one.ended))
  ended.catch(() => children.forEach(({ child }) => void child.kill('SIGKILL')))
  await Promise.all(children.map(one => one.ready))
  for (const { child } of children) child.send({ ids, seconds })
  const counts = await ended
  const rates = counts.map(({ pairs, ms }) => (pairs * 1000) / ms)
  const sum = list => list.reduce((all, one) => all + one, 0)
  return {
    processes,
    per_second: sum(rates),
    pairs: sum(counts.map(({ pairs }) => pairs)),
    refused_per_second: sum(counts.map(({ refused, ms }) => (refused * 1000) / ms)),
    busy: sum(counts.map(({ busy }) => busy)),
    slowest_per_second: Math.min(...rates),
    fastest_per_second: Math.max(...rates),
  }
}

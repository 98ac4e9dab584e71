/**
 * How long it takes `wrk watch --json` to tell of a claim by another process, and how much memory it needs.
 *
 * What is timed: from the moment at which the claimed item's file is in its folder (its change time, which the
 * system sets at the rename) until its line of JSON arrives here. The claims are made by whole processes; so are
 * the releases, which are timed too.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { summary, tracked } from './measure.mjs'
import { program } from './program.mjs'
import { items, progress } from './setting.mjs'
import { goal } from './table.mjs'

export async function watch(setting) {
  const { smoke } = setting
  const queue = await setting.queueOf(smoke ? 400 : 10_000, { name: 'watched' })
  progress('watch')
  const row = await follow(setting, queue, smoke ? 5 : 100)
  rmSync(queue.root, { recursive: true })
  const ms = what => row => row[what].toFixed(0)
  const orNothing = what => row => row[what]?.toFixed(0)
  return [
    {
      title: 'Time until wrk watch tells of a claim',
      columns: {
        'ms, median': ms('median_ms'),
        '99th percentile': ms('p99_ms'),
        max: ms('max_ms'),
        claims: ms('samples'),
        'first list after': ms('ready_ms'),
        'peak MB': orNothing('peak_mb'),
        watches: orNothing('watches'),
      },
      rows: [
        {
          name: items(queue.count),
          goals: smoke
            ? []
            : [
                goal('99th percentile 200 ms', row.p99_ms <= 200),
                ...(row.peak_mb === null ? [] : [goal('under 120 MB', row.peak_mb < 120)]),
              ],
          ...row,
        },
      ],
    },
  ]
}

/** Claims and releases by other processes while `wrk watch` looks on; nulls where the system does not tell. */
async function follow(setting, queue, rounds) {
  const { context } = setting
  const begin = performance.now()
  const watcher = tracked(
    spawn(process.execPath, [program.wrk, 'watch', '--json', '--queue', queue.root], {
      ...context,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  const ended = new Promise(settle => watcher.once('close', () => settle({})))
  try {
    const waiting = new Map()
    const heard = key => new Promise(settle => waiting.set(key, settle))
    createInterface({ input: watcher.stdout }).on('line', line => {
      const at = performance.timeOrigin + performance.now()
      const { type, item } = JSON.parse(line)
      const key = item ? `${type} ${item.id}` : type
      waiting.get(key)?.({ at, item })
      waiting.delete(key)
    })
    const heardOrLost = async reported => {
      const what = await Promise.race([reported, ended])
      if (!what.at) throw new Error('wrk watch has ended')
      return what
    }
    await heardOrLost(heard('snapshot'))
    const readyMs = performance.now() - begin
    const latencies = []
    for (let i = 0; i < rounds; i++) {
      const id = queue.next()
      for (const [verb, type] of [
        ['claim', 'claimed'],
        ['release', 'released'],
      ]) {
        const reported = heard(`${type} ${id}`)
        await setting.wrk(queue, verb, id)
        const { at, item } = await heardOrLost(reported)
        latencies.push(at - statSync(item.path).ctimeMs)
      }
    }
    latencies.sort((a, b) => a - b)
    return {
      samples: latencies.length,
      median_ms: summary(latencies).median,
      p99_ms: latencies[Math.min(latencies.length - 1, Math.floor(0.99 * latencies.length))],
      max_ms: latencies.at(-1),
      ready_ms: readyMs,
      peak_mb: peakOf(watcher.pid),
      watches: watchesOf(watcher.pid),
    }
  } finally {
    watcher.kill('SIGKILL')
    await ended
  }
}

function peakOf(pid) {
  if (process.platform !== 'linux') return null
  const [, kilobytes] = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return Number(kilobytes) / 1024
}

function watchesOf(pid) {
  if (process.platform !== 'linux') return null
  const { stdout } = spawnSync('sh', ['-c', `cat /proc/${pid}/fdinfo/* | grep -c ^inotify`], {
    encoding: 'utf8',
  })
  return Number(stdout)
}

/**
 * How long it takes `wrk watch --json` to tell of a claim by another process, and how much memory it needs.
 *
 * What is timed: from the moment at which the claimed item's file lies in its folder (its change time, which the
 * system sets at the rename) until its line of JSON arrives here. The claims are made by whole processes; so are
 * the releases, which are timed too.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { makeQueue } from './queue.mjs'

const WRK = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'dist', 'wrk.cjs')
const SESSION = 'claude-bench-000001'

/**
 * @returns latencies in ms (median, p99, max), the largest memory of the watcher in MB, and its number of watches;
 *   the last two are null where the system does not tell
 */
export async function measureWatch({ count = 10_000, rounds = 200, env = process.env } = {}) {
  const temp = realpathSync(mkdtempSync(join(tmpdir(), 'wrk-bench-watch-')))
  const { root, free } = makeQueue(join(temp, 'queue'), count, { session: SESSION })
  const options = { cwd: temp, env: { ...env, WRK_QUEUE: root, WRK_SESSION_ID: SESSION } }
  const watcher = spawn(process.execPath, [WRK, 'watch', '--json'], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const begin = performance.now()
    const waiting = new Map()
    const heard = key => new Promise(settle => waiting.set(key, settle))
    createInterface({ input: watcher.stdout }).on('line', line => {
      const at = performance.timeOrigin + performance.now()
      const { type, item } = JSON.parse(line)
      const key = item ? `${type} ${item.id}` : type
      waiting.get(key)?.({ at, item })
      waiting.delete(key)
    })
    await heard('snapshot')
    const readyMs = performance.now() - begin
    const latencies = []
    for (let i = 0; i < rounds; i++) {
      const id = free[i % free.length]
      for (const [verb, type] of [
        ['claim', 'claimed'],
        ['release', 'released'],
      ]) {
        const told = heard(`${type} ${id}`)
        const { status, stderr } = await run([WRK, verb, id], options)
        if (status !== 0) throw new Error(`wrk ${verb} ${id} ended with ${status}: ${stderr}`)
        const { at, item } = await told
        latencies.push(at - statSync(item.path).ctimeMs)
      }
    }
    latencies.sort((a, b) => a - b)
    const share = part => latencies[Math.min(latencies.length - 1, Math.floor(part * latencies.length))]
    return {
      count,
      samples: latencies.length,
      medianMs: share(0.5),
      p99Ms: share(0.99),
      maxMs: latencies.at(-1),
      readyMs,
      peakMB: peakOf(watcher.pid),
      watches: watchesOf(watcher.pid),
    }
  } finally {
    const ended = new Promise(settle => watcher.once('close', settle))
    watcher.kill('SIGKILL')
    await ended
    rmSync(temp, { recursive: true, force: true, maxRetries: 5 })
  }
}

function run(args, options) {
  return new Promise((settle, fail) => {
    const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.on('error', fail)
    child.on('close', status => settle({ status, stderr }))
  })
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

/** Timing whole processes against a reference, pair by pair, so that what else the machine does falls on both. */
import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'

/** The processes that are at work for the benchmark. */
const running = new Set()

/** Ends the processes that are at work, if there are any. */
export function stop() {
  for (const child of running) child.kill('SIGKILL')
}

/** Sees to it that `stop` ends this process too. */
export function tracked(child) {
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

/**
 * Runs Node (or another program, `options.program`) with these arguments to its end, its output going to /dev/null, its
 * input coming from `options.input`, a file that is open.
 * @returns `ms`, from before the start to after the end; `code`, its exit code or signal; what it wrote to stderr
 */
export function run(args, { program = process.execPath, input = 'ignore', ...options }) {
  return new Promise((settle, fail) => {
    const begin = performance.now()
    const child = tracked(spawn(program, args, { ...options, stdio: [input, 'ignore', 'pipe'] }))
    const errors = []
    child.stderr.on('data', chunk => errors.push(chunk))
    child.on('error', fail)
    child.on('close', (code, signal) => {
      const ms = performance.now() - begin
      settle({ ms, code: code ?? signal, stderr: Buffer.concat(errors).toString() })
    })
  })
}

/** The milliseconds of a process that has to succeed; one that fails ends the benchmark. */
export async function time(args, options) {
  const { ms, code, stderr } = await run(args, options)
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
  return ms
}

/**
 * Times processes against `node -e 0`, or a step's own reference: one of these, one of those, in alternating order.
 * @param steps a list of named functions, each of which times one process; they run in this order within a
 *   round, each paired with a run of its reference
 * @returns for each step its name and the ratios and milliseconds of the pairs
 */
export async function pairs(rounds, steps, options) {
  const node = () => time(['-e', '0'], options)
  const results = steps.map(({ name }) => ({ name, ratios: [], ms: [], referenceMs: [] }))
  // The first round warms caches: the disk's, and on newer Node the compile cache.
  for (let round = -1; round < rounds; round++)
    for (const [i, { run, reference = node }] of steps.entries()) {
      const referenceFirst = (round + i) % 2 === 0
      const early = referenceFirst ? await reference() : 0
      const ms = await run()
      const referenceMs = referenceFirst ? early : await reference()
      if (round < 0) continue
      results[i].ratios.push(ms / referenceMs)
      results[i].ms.push(ms)
      results[i].referenceMs.push(referenceMs)
    }
  return results
}

/** Five numbers of a sample. */
export function summary(sample) {
  const sorted = [...sample].sort((a, b) => a - b)
  const at = share => {
    const place = share * (sorted.length - 1)
    const below = sorted[Math.floor(place)]
    return below + (sorted[Math.ceil(place)] - below) * (place - Math.floor(place))
  }
  return { min: at(0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1) }
}

/** What git runs: the merge driver, for each item that both sides changed, and the check of a branch in CI. */

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { summary, time } from './measure.mjs'
import { program } from './program.mjs'
import { progress, RATIO_COLUMNS, step } from './setting.mjs'
import { goal } from './table.mjs'

/** A range of so many commits has to be checked in that time. */
const MOST_MS = 3000
/** Four times as many commits may take so many times as long: more is not linear. */
const MOST_GROWTH = 5

export async function git(setting) {
  const { smoke, rounds } = setting
  const ratios = await setting.ratios(smoke ? 1 : rounds, [merge(setting)])
  const counts = smoke ? [10, 40] : [250, 1000]
  const rows = []
  for (const count of counts) rows.push(await range(setting, count, smoke ? 1 : 5))
  const [small, large] = rows
  const growth = large.ms.median / small.ms.median
  if (!smoke)
    large.goals = [
      goal(`${MOST_MS / 1000} s`, large.ms.median <= MOST_MS),
      goal(`${MOST_GROWTH} times the smaller`, growth <= MOST_GROWTH),
    ]
  return [
    { title: 'What git runs', columns: RATIO_COLUMNS, rows: ratios },
    {
      title: 'A branch is checked',
      columns: {
        ms: ({ ms }) => ms.median.toFixed(0),
        min: ({ ms }) => ms.min.toFixed(0),
        max: ({ ms }) => ms.max.toFixed(0),
      },
      rows,
      note: `The larger takes ${growth.toFixed(1)} times as long.`,
    },
  ]
}

function merge({ temp, context }) {
  const folder = join(temp, 'merge')
  mkdirSync(folder)
  const at = name => join(folder, name)
  writeFileSync(at('base'), item(1, 'pending', 'low'))
  writeFileSync(at('ours.before'), item(1, 'working', 'low'))
  writeFileSync(at('theirs'), item(1, 'pending', 'high'))
  return step('merge-driver, one item', [1.5], () => {
    copyFileSync(at('ours.before'), at('ours'))
    const files = ['base', 'ours', 'theirs'].map(at)
    return time([program.wrk, 'merge-driver', '--by-git', ...files, '7', 'pending/WRK-1.md'], context)
  })
}

/** A branch of so many commits, each of which changes two of 1,200 items. */
async function range({ temp, env, context }, count, rounds) {
  progress(`making ${count} commits`)
  const cwd = join(temp, `commits-${count}`)
  mkdirSync(cwd)
  const settings = { ...env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  const run = (args, input) => {
    const { status, stderr } = spawnSync('git', args, { cwd, env: settings, input, encoding: 'utf8' })
    if (status !== 0) throw new Error(`git ${args[0]} ended with ${status}: ${stderr}`)
  }
  run(['init', '-q', '-b', 'main'])
  run(['fast-import', '--quiet'], history(count))
  const words = [program.wrk, 'verify', '--range', 'main..work']
  const sample = []
  for (let round = -1; round < rounds; round++) {
    const ms = await time(words, { ...context, cwd, env: settings })
    if (round >= 0) sample.push(ms)
  }
  return { name: `verify --range, ${count.toLocaleString('en')} commits`, ms: summary(sample), pairs: rounds }
}

const ITEMS = 1200

function history(count) {
  const file = (n, priority) => {
    const text = item(n, 'pending', priority)
    return `M 100644 inline .claude/work-queue/pending/WRK-${n}.md\ndata ${Buffer.byteLength(text)}\n${text}\n`
  }
  const commit = (branch, at, from, changes) =>
    `commit refs/heads/${branch}\ncommitter b <b@localhost> ${1_770_000_000 + at} +0000\ndata 1\nx\n${from}${changes}\n`
  const all = Array.from({ length: ITEMS }, (_, i) => file(i + 1, 'low')).join('')
  let stream = commit('main', 0, '', all)
  for (let n = 1; n <= count; n++) {
    const changes = [0, 1].map(more => file(((2 * n + more) % ITEMS) + 1, n % 2 ? 'high' : 'medium')).join('')
    stream += commit('work', n, n === 1 ? 'from refs/heads/main\n' : '', changes)
  }
  return stream
}

function item(n, status, priority) {
  const fields = [
    `id: WRK-${n}`,
    `title: Item ${n}`,
    `status: ${status}`,
    `priority: ${priority}`,
    'related: []',
  ]
  const lock = ['locked_by: ""', 'locked_at: ""']
  return `---\n${[...fields, ...lock].join('\n')}\n---\n\n# WRK-${n}\n\n${'A line of text as items have it.\n'.repeat(30)}`
}

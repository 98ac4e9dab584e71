/** The rest of doctor.test.ts: what takes too long for every run. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ago, HOUR, MINUTE, until } from '../support/clock.ts'
import { heldItem, item } from '../support/items.ts'
import { finished, killGroup, start } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { deadAnchor, registry } from '../support/sessions.ts'
import { together } from '../support/together.ts'
import { age, snapshot } from './doctor.shared.ts'

const IDS = [...Array(12).keys()].map(i => `WRK-${i + 1}`)

test('claims and doctors at the same instant: what was claimed stays claimed', async () => {
  const dead = deadAnchor()
  for (let round = 0; round < 3; round++) {
    const queue = makeQueue({
      ...Object.fromEntries(IDS.map(id => [id, heldItem(id, 'crashed', ago(MINUTE))])),
      'session-state.yaml': registry([{ id: 'crashed', anchor: dead, started_at: ago(HOUR) }]),
    })
    const claims = IDS.map(id => ({ args: `claim ${id} --json`, session: `claimer-${id}` }))
    const doctors = [0, 1, 2].map(() => ({ args: 'doctor --fix --json' }))
    const results = await together([...claims.slice(0, 6), ...doctors, ...claims.slice(6)], { queue })
    const [mine, theirs] = [[...results.slice(0, 6), ...results.slice(9)], results.slice(6, 9)]
    expect(mine.map(({ code }) => code)).toEqual(IDS.map(() => 0))
    for (const { code, json } of theirs)
      expect({ code, failed: json.failed }).toEqual({ code: 0, failed: [] })
    for (const id of IDS) expect(queue.lock(id).by).toBe(`claimer-${id}`)
    const ended = queue.events().filter(({ type }) => type === 'released' || type === 'takenOver')
    expect(ended.map(({ item: id }) => id).sort()).toEqual([...IDS].sort())
  }
}, 120_000)

test('claims that come and go are never findings', async () => {
  const queue = makeQueue(IDS)
  const workers = IDS.slice(0, 4).flatMap(id => [
    { args: `start ${id}`, session: id },
    { args: `claim ${id}`, session: id },
    { args: `block ${id}`, session: id },
  ])
  const doctors = [0, 1, 2, 3].map(() => ({ args: 'doctor --json' }))
  const results = await together([...workers, ...doctors], { queue })
  const found = results.slice(workers.length).flatMap(({ json }) => json.findings)
  expect(found).toEqual([])
}, 120_000)

test('killed again and again in the middle, it comes to the same end', async () => {
  const many = [...Array(40).keys()].map(i => `WRK-${i + 1}`)
  const queue = makeQueue({
    ...Object.fromEntries(many.map(id => [id, heldItem(id, 'crashed', ago(MINUTE), { status: 'working' })])),
    'session-state.yaml': registry([{ id: 'crashed', anchor: deadAnchor(), started_at: ago(HOUR) }]),
  })
  const moved = () => readdirSync(queue.path('working')).length
  for (let kills = 0; kills < 3 && moved() < many.length; kills++) {
    const [before, events] = [
      moved(),
      queue.exists('.wrk/events.jsonl') ? queue.read('.wrk/events.jsonl').length : 0,
    ]
    const child = start(PROGRAM, [...FIRST, 'doctor', '--fix'], {
      cwd: queue.home,
      env: cleanEnv(queue.home, { WRK_QUEUE: queue.root, WRK_SESSION_ID: 'tester' }),
    })
    const ended = finished(child)
    await until('something is repaired', () => {
      const log = queue.path('.wrk/events.jsonl')
      return (
        moved() > before + 2 ||
        (existsSync(log) && statSync(log).size > events + 600) ||
        child.exitCode !== null
      )
    })
    killGroup(child)
    await ended
  }
  // An emptied guard hinders nobody, and is reported only when it has lain there for a while.
  for (const key of readdirSync(queue.path('.wrk/guards'))) age(queue, `.wrk/guards/${key}`)
  const { code, json } = await queue.run('doctor --fix --json')
  expect({ code, findings: json.findings, failed: json.failed }).toEqual({
    code: 0,
    findings: [],
    failed: [],
  })
  expect(readdirSync(queue.path('pending'))).toEqual([])
  for (const id of many) expect(queue.read(`working/${id}.md`)).toBe(item(id, { status: 'working' }))
  const released = queue.events().filter(({ type }) => type === 'released')
  expect(released.map(({ item: id }) => id).sort()).toEqual([...many].sort())
  expect(queue.leftovers()).toEqual([])
  const after = snapshot(queue.root)
  expect((await queue.run('doctor --fix')).stdout).toContain('nothing is wrong')
  expect(snapshot(queue.root)).toEqual(after)
}, 120_000)

/** The time that wrk verify --range takes: bounded, and growing with the number of commits. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { FIRST, PROGRAM } from '../support/program.ts'
import { gitEnv, makeRepository } from '../support/repository.ts'

/** A branch of so many commits, each of which starts, finishes or edits one of a thousand items. */
function history(commits: number): string {
  const out: string[] = []
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
  const folder = (id: number, round: number) => ['pending', 'working', 'done'][(id + round) % 3]!
  const path = (id: number, round: number) => `.claude/work-queue/${folder(id, round)}/WRK-${id}.md`
  const text = (id: number, round: number) =>
    item(`WRK-${id}`, { status: folder(id, round), priority: round % 2 ? 'high' : 'low' })
  const head = (mark: number) =>
    `commit refs/heads/many\nmark :${mark}\ncommitter t <t@example.org> ${1_770_000_000 + mark} +0000\n${data('x')}`
  out.push(head(1))
  for (let id = 1; id <= 1000; id++) out.push(`M 644 inline ${path(id, 0)}\n${data(text(id, 0))}`)
  out.push('\nreset refs/tags/begin\nfrom :1\n\n')
  for (let i = 0; i < commits; i++) {
    const id = (i % 1000) + 1
    const round = Math.floor(i / 1000)
    out.push(`${head(i + 2)}from :${i + 1}\nD ${path(id, round)}\n`)
    out.push(`M 644 inline ${path(id, round + 1)}\n${data(text(id, round + 1))}\n`)
  }
  return out.join('')
}

/** Runs wrk and what it starts. @returns the processor time of all of them, in ms, which other tests take nothing from */
function timed(
  { top }: { top: string },
  ...args: string[]
): { ms: number; code: number | null; stdout: string } {
  const line = 'TIMEFORMAT="%U %S"; time "$@"'
  const words = ['-c', line, 'time', PROGRAM, ...FIRST, ...args]
  const env = gitEnv({ WRK_SESSION_ID: 'tester' })
  const { status, stdout, stderr } = spawnSync('/bin/bash', words, { cwd: top, env, encoding: 'utf8' })
  const [user, system] = stderr.trim().split(' ').map(Number)
  return { ms: (user! + system!) * 1000, code: status, stdout }
}

test('1,000 commits take less than 3 seconds, and 4,000 not much more than four times as long', async () => {
  const times: number[] = []
  for (const commits of [1_000, 4_000]) {
    const repository = await makeRepository()
    const made = spawnSync('git', ['fast-import', '--quiet'], {
      cwd: repository.top,
      input: history(commits),
    })
    expect(made.stderr.toString()).toBe('')
    const runs: number[] = []
    for (let i = 0; i < 3; i++) {
      const { ms, code, stdout } = timed(repository, 'verify', '--range', 'begin..many')
      runs.push(ms)
      expect({ code, stdout }).toEqual({ code: 0, stdout: `Verified 1000 items in ${commits} commits.\n` })
    }
    times.push(Math.min(...runs))
  }
  process.stdout.write(
    `verify --range: 1,000 commits ${times[0]!.toFixed()} ms, 4,000 ${times[1]!.toFixed()} ms\n`,
  )
  expect(times[0]).toBeLessThan(3_000)
  expect(times[1]).toBeLessThan(times[0]! * 8)
})

/** The commands of docs/git.md, run as they are written there. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'
import { IN_QUEUE, makeRepository } from '../support/repository.ts'

const PAGE = readFileSync(join(ROOT, 'docs', 'git.md'), 'utf8')

test('each block of commands does what the page says', async () => {
  const repository = await makeRepository(['WRK-1', 'WRK-157'])
  await repository.wrk('hooks install')
  await repository.commitAll('hooks')
  const at = (folder: string) => join(IN_QUEUE, folder, 'WRK-157.md')
  const moved = async (folder: string, more: Record<string, string>) => {
    await repository.git(['rm', '-q', at('pending')])
    repository.write(at(folder), item('WRK-157', { status: folder, ...more }))
    await repository.commitAll(folder)
  }
  await repository.git('checkout -q -b side')
  await moved('done', { completed_at: '2026-02-01T01:00:00Z' })
  await repository.git('checkout -q main')
  await moved('working', { priority: 'high' })

  const blocks = [...PAGE.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text!)
  expect(blocks).toHaveLength(6)
  const more = { GIT_CONFIG_GLOBAL: '/dev/null', WRK_SESSION_ID: 'tester', GIT_AUTHOR_NAME: 't' }
  const who = { GIT_AUTHOR_EMAIL: 't@x', GIT_COMMITTER_NAME: 't', GIT_COMMITTER_EMAIL: 't@x' }
  const env = cleanEnv(tempFolder(), { ...more, ...who })
  for (const block of blocks) {
    const { status, stderr } = spawnSync('bash', ['-c', block], {
      cwd: repository.top,
      env,
      encoding: 'utf8',
      input: '',
    })
    expect(`${block}\n${status}\n${stderr}`).toMatch(/\n0\n/)
  }
  expect(repository.read(at('done'))).toMatch(/^priority: high$/m)
})

test('the page names only commands and options that are there', async () => {
  const repository = await makeRepository()
  const named = [...PAGE.matchAll(/`wrk ([a-z-]+)((?: --?[a-z]+)*)/g)]
  expect(named.length).toBeGreaterThan(15)
  for (const [, command, options] of named) {
    const { code, stdout } = await repository.wrk([command!, '--help'])
    expect(`${command} ${code}`).toBe(`${command} 0`)
    for (const option of options!.split(' ').filter(word => word.startsWith('--')))
      expect(stdout).toContain(option)
  }
})

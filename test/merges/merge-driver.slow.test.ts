/** The rest of merge-driver.test.ts: what takes too long for every run. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import { at } from './merge-driver.shared.ts'

describe('wrk hooks', () => {
  const attributes = (repository: Repository) => join(repository.top, IN_QUEUE, '.gitattributes')

  test.each([
    ['no .gitattributes', null],
    ['an empty one', ''],
    ['one of the user’s', '*.png binary\n'],
    ['one whose last line has no end', '*.png binary'],
  ])('puts the driver in and takes it out again without a trace: %s', async (_, text) => {
    const repository = await makeRepository()
    if (text !== null) writeFileSync(attributes(repository), text)
    const config = join(repository.top, '.git', 'config')
    const before = readFileSync(config, 'utf8')
    expect((await repository.wrk('hooks status')).code).toBe(1)
    expect((await repository.wrk('hooks install --json')).json.merge_driver).toMatchObject({
      state: 'installed',
      attributes: { state: 'installed' },
      changed: true,
    })
    expect(await repository.git(['check-attr', 'merge', '--', at('archive/2026-02', 'WRK-1')])).toContain(
      ': wrk\n',
    )
    expect((await repository.wrk('hooks install --json')).json.merge_driver.changed).toBe(false)
    expect((await repository.wrk('hooks status')).code).toBe(0)
    await repository.wrk('hooks uninstall')
    expect(readFileSync(config, 'utf8')).toBe(before)
    expect(existsSync(attributes(repository)) ? readFileSync(attributes(repository), 'utf8') : null).toBe(
      text,
    )
  })
})

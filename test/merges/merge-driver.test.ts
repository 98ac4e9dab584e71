/** wrk merge-driver: called as git calls it, and by git itself in merges of real repositories. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { item } from '../support/items.ts'
import { tempFolder } from '../support/processes.ts'
import { IN_QUEUE, makeRepository, type Repository } from '../support/repository.ts'
import { run } from '../support/run.ts'
import { at } from './merge-driver.shared.ts'

/** Runs the driver on three texts. */
async function drive(base: string, ours: string, theirs: string, path = 'q/pending/WRK-1.md', size = '7') {
  const folder = tempFolder()
  const files = { base, ours, theirs }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const { code, stdout, stderr } = await run(['merge-driver', 'base', 'ours', 'theirs', size, path], {
    cwd: folder,
  })
  return { code, stdout, stderr, text: readFileSync(join(folder, 'ours'), 'utf8') }
}

describe('called as git calls it', () => {
  const base = item('WRK-1')
  const high = item('WRK-1', { priority: 'high' })
  const low = item('WRK-1', { priority: 'low' })

  test('it merges into our file, and ends with 0', async () => {
    const result = await drive(base, high, item('WRK-1', { status: 'working' }))
    expect(result).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(result.text).toBe(item('WRK-1', { priority: 'high', status: 'working' }))
  })

  test('a conflict has markers of the size that git asks for, and the code 1', async () => {
    const result = await drive(base, high, low, 'q/pending/WRK-1.md', '11')
    expect(result.code).toBe(1)
    expect(result.stderr).toBe(
      'wrk: WRK-1: both sides changed priority.\n     Edit it, then: wrk resolve WRK-1\n',
    )
    expect(result.text).toContain(
      `${'<'.repeat(11)} ours\npriority: high\n${'='.repeat(11)}\npriority: low\n${'>'.repeat(11)} theirs\n`,
    )
  })

  test.each([
    ['our version', base, item('WRK-2'), base, 'q/pending/WRK-1.md', ['WRK-2 (ours)', 'WRK-1 (theirs)']],
    ['the base', item('WRK-9'), high, low, 'q/pending/WRK-1.md', ['WRK-1 (ours)', 'WRK-9 (before)']],
    ['the name of the file', base, high, low, 'q/done/WRK-2.md', ['WRK-1 (ours)', 'WRK-2 (the file’s name)']],
  ])('another id in %s: nothing is merged, and both are named', async (_, o, a, b, path, named) => {
    const result = await drive(o, a, b, path)
    expect(result).toMatchObject({ code: 1, text: a })
    for (const name of named) expect(result.stderr).toContain(name)
  })

  test.each(['157', 'WRK-0157', 'wrk-157'])('%s and WRK-157 are one item', async id => {
    const result = await drive(
      item('WRK-157'),
      item('WRK-157', { priority: 'high' }),
      item('WRK-157', { id }),
      'q/pending/WRK-157-tides.md',
    )
    expect(result).toMatchObject({ code: 0, text: item('WRK-157', { id, priority: 'high' }) })
  })

  test('what cannot be taken apart is merged by lines, as git would', async () => {
    const broken = base.replace('related: []', 'related: [')
    const clean = await drive(broken, broken.replace('medium', 'high'), `${broken}More.\n`)
    expect(clean).toMatchObject({ code: 0, text: `${broken.replace('medium', 'high')}More.\n` })
    const conflict = await drive(broken, broken.replace('medium', 'high'), broken.replace('medium', 'low'))
    expect(conflict.code).toBe(1)
    expect(conflict.text).toContain('<<<<<<< ours\npriority: high\n=======\npriority: low\n>>>>>>> theirs\n')
  })

  test('frontmatter that needs the full reader is merged by its fields', async () => {
    const strange = item('WRK-1', { extra: '!!str 5' })
    const result = await drive(
      strange,
      strange.replace('related: []', 'related: [WRK-2]'),
      strange.replace('related: []', 'related: [WRK-3]'),
    )
    expect(result).toMatchObject({ code: 0, text: strange.replace('related: []', 'related: [WRK-2, WRK-3]') })
  })

  test('other files are merged by lines', async () => {
    const result = await drive('a\nb\nc\nd\n', 'A\nb\nc\nd\n', 'a\nb\nc\nD\n', 'q/INDEX.md')
    expect(result).toMatchObject({ code: 0, text: 'A\nb\nc\nD\n' })
  })

  test('it removes what a driver left that was killed, and nothing of one that is at work', async () => {
    const folder = tempFolder()
    // Git names its files so, and removes its own when the driver has ended.
    const others = ['.merge_file_atwork', '.merge_file_atwork.wrk-12', '.merge_file_notes.wrk']
    const files = { base, '.merge_file_ours': high, theirs: high }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    for (const name of [...others, '.merge_file_gone.wrk-11']) writeFileSync(join(folder, name), 'half')
    const words = ['merge-driver', 'base', './.merge_file_ours', 'theirs', '7', 'q/pending/WRK-1.md']
    expect((await run(words, { cwd: folder })).code).toBe(0)
    expect(readdirSync(folder).sort()).toEqual([...others, ...Object.keys(files)].sort())
  })

  test('it fails with a code over 128, so that git does not take it for a conflict', async () => {
    const folder = tempFolder()
    const none = await run(['merge-driver', 'no', 'such', 'file', '7', 'WRK-1.md'], { cwd: folder })
    expect(none.code).toBeGreaterThan(128)
    const size = await run(['merge-driver', 'a', 'b', 'c', 'many', 'WRK-1.md'], { cwd: folder })
    expect(size.code).toBeGreaterThan(128)
    expect(size.stderr).toContain('the marker size must be a number')
  })
})

/** WRK-1 on two branches, `main` and `side`; `main` is checked out. */
async function twoBranches(
  onMain: Record<string, string>,
  onSide: Record<string, string>,
  install = true,
): Promise<Repository> {
  const repository = await makeRepository()
  if (install) expect((await repository.wrk('hooks install')).code).toBe(0)
  await repository.commitAll('the lines for git')
  await repository.git('checkout -q -b side')
  for (const [name, text] of Object.entries(onSide)) repository.write(name, text)
  await repository.commitAll('side')
  await repository.git('checkout -q main')
  for (const [name, text] of Object.entries(onMain)) repository.write(name, text)
  await repository.commitAll('main')
  return repository
}

const fields = (more: Record<string, string>) => ({ 'WRK-1': item('WRK-1', more) })

describe('git', () => {
  test('conflicts on neighbouring lines without the driver, and merges them with it', async () => {
    const ours = fields({ status: 'working', related: '[WRK-2]' })
    const theirs = fields({ priority: 'high', related: '[WRK-3]' })
    const without = await twoBranches(ours, theirs, false)
    expect((await without.tryGit('merge side')).code).toBe(1)
    const repository = await twoBranches(ours, theirs)
    await repository.git('merge -q --no-edit side')
    expect(repository.read('WRK-1')).toBe(
      item('WRK-1', { status: 'working', priority: 'high', related: '[WRK-2, WRK-3]' }),
    )
  })

  test.each([
    ['rebase', 'rebase main side'],
    ['cherry-pick', 'cherry-pick side'],
  ])('asks it in a %s', async (_, command) => {
    const repository = await twoBranches(fields({ related: '[WRK-2]' }), fields({ related: '[WRK-3]' }))
    await repository.git(command)
    expect(repository.read('WRK-1')).toMatch(/^related: \[WRK-2, WRK-3\]$/m)
  })

  test('asks it in a revert, which brings no lock back', async () => {
    const held = { locked_by: '"a"', locked_at: '"2026-02-01T01:00:00Z"' }
    const repository = await twoBranches(fields({ related: '[WRK-2]', ...held }), {})
    repository.write('WRK-1', item('WRK-1', { related: '[WRK-2, WRK-3]' }))
    await repository.commitAll('released')
    await repository.git('revert --no-edit HEAD~1')
    expect(repository.read('WRK-1')).toBe(item('WRK-1', { related: '[WRK-3]' }))
  })

  test('asks it when a stash is taken back', async () => {
    const repository = await twoBranches(fields({ related: '[WRK-2]' }), {})
    repository.write('WRK-1', item('WRK-1', { related: '[WRK-2, WRK-3]' }))
    await repository.git('stash -q')
    repository.write('WRK-1', item('WRK-1', { related: '[WRK-2, WRK-4]' }))
    await repository.commitAll('meanwhile')
    await repository.git('stash pop -q')
    expect(repository.read('WRK-1')).toMatch(/^related: \[WRK-2, WRK-4, WRK-3\]$/m)
  })

  test('does not get one item’s text into another that it takes for its new name', async () => {
    const text = Array.from({ length: 30 }, (_, i) => `Line ${i} of what all items say.\n`).join('')
    const long = (id: string, more = {}) => item(id, more) + text
    const repository = await twoBranches({}, {})
    repository.write('WRK-7', long('WRK-7'))
    await repository.commitAll('seven')
    await repository.git('checkout -q -b other')
    await repository.git(['rm', '-q', at('pending', 'WRK-7')])
    repository.write('WRK-8', long('WRK-8', { title: 'Quite another' }))
    await repository.commitAll('seven goes, eight comes')
    await repository.git('checkout -q main')
    repository.write('WRK-7', `${long('WRK-7')}Only about seven.\n`)
    await repository.commitAll('more of seven')
    const merged = await repository.tryGit('merge --no-edit other')
    expect(merged.code).toBe(1)
    expect(`${merged.stdout}${merged.stderr}`).toContain('these are two items: WRK-7 (ours), WRK-8 (theirs)')
  })

  test.each([
    ['is gone', (script: string) => script.replace('wrk.cjs', 'gone.cjs')],
    ['cannot be loaded', () => join(tempFolder(), 'broken.cjs')],
  ])('merges by lines, with markers, when the program %s', async (_, scriptOf) => {
    const repository = await twoBranches(fields({ priority: 'high' }), fields({ priority: 'low' }))
    const command = await repository.git('config merge.wrk.driver')
    const script = /\[ -f '(.*?)' \]/.exec(command)![1]!
    const other = scriptOf(script)
    if (other.endsWith('broken.cjs')) writeFileSync(other, 'require("./no-such-file")\n', { mode: 0o755 })
    await repository.git(['config', 'merge.wrk.driver', command.trim().replaceAll(script, other)])
    const env = { PATH: '/usr/bin:/bin' }
    const merged = await repository.tryGit('merge --no-edit side', { env })
    expect(merged.code).toBe(1)
    expect(merged.stderr).toContain('Register it again: wrk hooks install')
    expect(repository.read('WRK-1')).toContain(
      '<<<<<<< ours\npriority: high\n=======\npriority: low\n>>>>>>> theirs\n',
    )
  })
})

/** A small item that each side has moved to another folder: git merges that without a conflict. */
async function mergedIntoTwo() {
  const small = (status: string, more = '') => `---\nid: WRK-1\ntitle: x\nstatus: ${status}\n${more}---\n`
  const repository = await makeRepository()
  repository.write('WRK-1', small('pending'))
  await repository.wrk('hooks install')
  await repository.commitAll('before')
  const moved = async (folder: string, text: string) => {
    await repository.git(['rm', '-q', at('pending', 'WRK-1')])
    repository.write(at(folder, 'WRK-1'), text)
    await repository.commitAll(folder)
  }
  await repository.git('checkout -q -b side')
  await moved('done', small('done', 'completed_at: 2026-02-01T01:00:00Z\nresult: all of it and more\n'))
  await repository.git('checkout -q main')
  await moved('working', small('working', 'locked_by: "somebody"\nlocked_at: "2026-02-01T01:00:00Z"\n'))
  return { repository, merge: await repository.tryGit('merge --no-edit side') }
}

describe('wrk hooks', () => {
  test('settings without a final newline are put back too', async () => {
    const repository = await makeRepository()
    const config = join(repository.top, '.git', 'config')
    writeFileSync(config, `${readFileSync(config, 'utf8')}[user]\n\tname = somebody`)
    const before = readFileSync(config, 'utf8')
    await repository.wrk('hooks install')
    await repository.wrk('hooks uninstall')
    expect(readFileSync(config, 'utf8')).toBe(before)
  })

  test('doctor reports when the program or the lines are gone, or the driver is not registered', async () => {
    const repository = await makeRepository()
    await repository.wrk('hooks install')
    const answer = async () =>
      (await repository.wrk('doctor --json')).json.findings
        .filter(({ code }: { code: string }) => code === 'merge-driver')
        .map(({ message, advice }: Record<string, string>) => [message, advice])
    expect(await answer()).toEqual([])
    writeFileSync(join(repository.top, IN_QUEUE, '.gitattributes'), '')
    const lines = 'git merges items by lines: .gitattributes does not name the merge driver'
    expect(await answer()).toEqual([[lines, 'wrk hooks install']])
    const command = (await repository.git('config merge.wrk.driver')).trim()
    const script = /\[ -f '(.*?)' \]/.exec(command)![1]!
    await repository.git(['config', 'merge.wrk.driver', command.replaceAll(script, '/no/such/wrk.cjs')])
    const gone = 'git merges items by lines: the registered merge driver is gone'
    expect(await answer()).toEqual([[gone, 'wrk hooks install']])
    await repository.git('config --remove-section merge.wrk')
    expect(await answer()).toEqual([
      ['git merges items by lines: the merge driver is not registered', 'wrk hooks install'],
    ])
    await repository.wrk('hooks install')
    expect(await answer()).toEqual([])
  })

  test('says after a merge what is left for wrk resolve, and leaves a hook that is there alone', async () => {
    const { repository, merge } = await mergedIntoTwo()
    expect(merge.stderr).toContain('wrk: 1 item can be resolved.\n     Resolve: wrk resolve\n')
    await repository.wrk('hooks uninstall')
    const hook = join(repository.top, '.git', 'hooks', 'post-merge')
    expect(existsSync(hook)).toBe(false)
    writeFileSync(hook, '#!/bin/sh\n')
    await repository.wrk('hooks install')
    expect(readFileSync(hook, 'utf8')).toBe('#!/bin/sh\n')
    await repository.wrk('hooks uninstall')
    expect(readFileSync(hook, 'utf8')).toBe('#!/bin/sh\n')
  })

  test('a driver of another program with that name stays', async () => {
    const repository = await makeRepository()
    await repository.git(['config', 'merge.wrk.driver', 'true'])
    const { code, stderr } = await repository.wrk('hooks install')
    expect(code).toBe(0)
    expect(stderr).toContain('another merge driver named wrk')
    await repository.wrk('hooks uninstall')
    expect(await repository.git('config merge.wrk.driver')).toBe('true\n')
  })

  test('works from a folder with a name that a shell and git would read differently', async () => {
    const folder = join(tempFolder(), "a %O b's")
    mkdirSync(folder)
    const script = join(folder, 'wrk-cli')
    writeFileSync(script, '#!/bin/sh\nexit 0\n')
    chmodSync(script, 0o755)
    const repository = await makeRepository(['WRK-1'], { folder: join(folder, 'repository') })
    expect((await repository.wrk('hooks install')).code).toBe(0)
    expect((await repository.wrk('hooks status')).code).toBe(0)
  })
})

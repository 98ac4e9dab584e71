/** What only the standalone executable can get wrong: `npm run test:exe` runs this, and all other end-to-end tests. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { finished, start, tempFolder } from '../support/processes.ts'
import { PROGRAM, required, STANDALONE } from '../support/program.ts'
import { makeQueue } from '../support/queue.ts'
import { makeRepository } from '../support/repository.ts'

describe.runIf(STANDALONE)('the standalone executable', () => {
  test('takes neither code nor variables from the folder that it is called in', async () => {
    const queue = makeQueue(['WRK-1'])
    const cwd = tempFolder()
    const canary = join(cwd, 'canary')
    const evil = `require('node:fs').writeFileSync(${JSON.stringify(canary)}, 'x')`
    writeFileSync(join(cwd, 'evil.cjs'), evil)
    for (const name of ['bunfig.toml', '.bunfig.toml'])
      writeFileSync(join(cwd, name), 'preload = ["./evil.cjs"]\n')
    for (const name of ['.env', '.env.local', '.env.production', '.env.development'])
      writeFileSync(join(cwd, name), `WRK_SESSION_ID=evil\nBUN_OPTIONS="--preload ./evil.cjs"\n`)
    writeFileSync(join(cwd, 'package.json'), '{"imports": {"node:fs": "./evil.cjs"}, "type": "module"}\n')
    writeFileSync(join(cwd, 'tsconfig.json'), '{"compilerOptions": {"paths": {"node:fs": ["./evil.cjs"]}}}\n')
    for (const name of ['fs', 'yaml', 'gray-matter']) {
      mkdirSync(join(cwd, 'node_modules', name), { recursive: true })
      writeFileSync(join(cwd, 'node_modules', name, 'index.js'), evil)
    }
    const home = { HOME: cwd, XDG_CONFIG_HOME: cwd }
    const id = await queue.run('session id', { cwd, session: null, env: home })
    expect(id.stdout).not.toContain('evil')
    expect((await queue.run('claim WRK-1', { cwd, env: home })).code).toBe(0)
    expect(queue.lock('WRK-1').by).toBe('tester')
    expect(existsSync(canary)).toBe(false)
    // The canary does sing.
    await queue.run('show WRK-1', { cwd, env: required(join(cwd, 'evil.cjs')) })
    expect(existsSync(canary)).toBe(true)
  })

  test('needs no Node: not even its git hooks do', async () => {
    const repository = await makeRepository()
    expect((await repository.wrk('claim WRK-1', { session: 'other' })).code).toBe(0)
    expect((await repository.wrk('hooks install')).code).toBe(0)
    const hook = readFileSync(join(repository.top, '.git', 'hooks', 'pre-commit'), 'utf8')
    expect(hook).toContain(`node=''\nscript='${PROGRAM}'\n`)
    repository.append('WRK-1')
    const { code, stderr } = await repository.tryGit(['commit', '-qam', 'x'])
    expect(stderr).toContain('held by other')
    expect(code).toBe(1)
    expect((await repository.wrk('hooks status')).code).toBe(0)
  })

  test('reads the words of its command line itself, whatever they are', async () => {
    const queue = makeQueue(['WRK-1'])
    for (const args of ['-e 0', '--eval 0', '--print 1', 'run x', '--bun', '--inspect', 'build', '--smol'])
      expect((await queue.run(args)).code, args).toBe(2)
  })

  test('needs no write access, no home and no environment', async () => {
    const queue = makeQueue(['WRK-1'])
    chmodSync(queue.home, 0o755)
    const child = start(PROGRAM, ['show', 'WRK-1', '--queue', queue.root], { cwd: '/', env: {} })
    expect(await finished(child)).toMatchObject({ code: 0, stderr: '' })
  })
})

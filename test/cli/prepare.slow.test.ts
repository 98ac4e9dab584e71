/** The rest of prepare.test.ts: a checkout whose packages are there is built by npm, and its commands are installed. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'

const listed = spawnSync(
  'git',
  ['ls-files', '-z', 'package.json', 'src', 'scripts', 'templates', 'tsconfig*'],
  {
    cwd: ROOT,
    encoding: 'utf8',
  },
)

test.skipIf(listed.status !== 0)(
  'npm install -g . in a checkout builds it and puts wrk and wrk-cli on the path',
  async () => {
    const checkout = tempFolder()
    for (const name of listed.stdout
      .split('\0')
      .filter(name => existsSync(join(ROOT, name)) && name !== '')) {
      mkdirSync(join(checkout, dirname(name)), { recursive: true })
      cpSync(join(ROOT, name), join(checkout, name))
    }
    // A fresh clone has none: npm run prepare installs them first, which needs a registry.
    symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
    const prefix = tempFolder()
    const npm = ['install', '-g', '.', '--prefix', prefix, '--offline', '--no-audit', '--no-fund']
    const env = cleanEnv(tempFolder())
    const installed = await finished(start('npm', npm, { cwd: checkout, env }))
    expect(installed, installed.stderr).toMatchObject({ code: 0 })
    for (const name of ['wrk', 'wrk-cli']) {
      const call = start(join(prefix, 'bin', name), ['--version'], { cwd: prefix, env })
      expect((await finished(call)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    }
  },
  240_000,
)

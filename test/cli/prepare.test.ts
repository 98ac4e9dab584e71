/** What npm runs after an install in a checkout: it builds, or says what to do first. */
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'

test('where the build’s packages cannot be installed, it says what to do, without a stack trace', async () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'scripts'))
  for (const name of ['package.json', 'scripts/prepare.mjs', 'scripts/build.mjs'])
    cpSync(join(ROOT, name), join(folder, name))
  const script = join(folder, 'scripts', 'prepare.mjs')
  const { code, stderr } = await finished(
    start(process.execPath, [script], { cwd: folder, env: cleanEnv(folder) }),
  )
  expect(code).toBe(1)
  expect(stderr).toBe(`wrk is not built, and what the build needs could not be installed.
Install it first: npm install && npm install -g .
`)
  expect(existsSync(join(folder, 'dist'))).toBe(false)
})

/** What the tests of library have in common. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect } from 'vitest'
import { tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'
import { type Result, resultOf } from '../support/result.ts'

/** A user's project with wrk-cli in its node_modules. */
export let app: string
export let installed: string

export const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string
  dependencies: Record<string, string>
}

export function call(program: string, args: readonly string[], cwd = app): Result {
  const done = spawnSync(program, args, { cwd, env: cleanEnv(tempFolder()), encoding: 'utf8' })
  return resultOf(done.status, done.stdout, done.stderr)
}

/** Compiles a module of the user's project with tsc, with no types but the package's own unless the options name some. */
export function compile(source: string, options: Record<string, unknown> = {}): Result {
  const folder = join(app, 'typed')
  mkdirSync(folder, { recursive: true })
  const compilerOptions = {
    ...{ target: 'es2023', lib: ['es2023'], module: 'nodenext', types: [] },
    ...{ strict: true, skipLibCheck: false, noEmit: true },
    ...options,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.ts'] }))
  writeFileSync(join(folder, 'use.ts'), source)
  return call(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder])
}

beforeAll(() => {
  app = tempFolder()
  const packed = call(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--offline', '--pack-destination', app],
    ROOT,
  )
  expect(packed).toMatchObject({ code: 0 })
  const modules = join(app, 'node_modules')
  installed = join(modules, 'wrk-cli')
  mkdirSync(installed, { recursive: true })
  const tarball = readdirSync(app).find(name => name.endsWith('.tgz'))!
  expect(call('tar', ['-xzf', join(app, tarball), '--strip-components=1', '-C', installed])).toMatchObject({
    code: 0,
  })
  // What `npm install` would fetch, without a network: the same packages as the project itself has.
  for (const name of [...Object.keys(MANIFEST.dependencies), '@types/node']) {
    mkdirSync(join(modules, name, '..'), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(app, 'package.json'), '{"name": "app", "private": true, "type": "module"}\n')
}, 120_000)

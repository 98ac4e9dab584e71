/**
 * What npm runs after an install in a checkout: builds dist/. `npm install -g .` in a fresh clone links the folder and
 * installs nothing into it, so that what the build needs is installed here first.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

if (!canBuild()) {
  const npm = process.env.npm_execpath
  // Of the settings that npm hands on, these would send the packages elsewhere.
  const { npm_config_global, npm_config_location, npm_config_prefix, ...env } = process.env
  const args = ['install', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--no-save']
  if (npm) spawnSync(process.execPath, [npm, ...args], { cwd: root, env, stdio: 'inherit' })
}
if (canBuild()) await import('./build.mjs')
else if (!existsSync(resolve(root, 'dist/wrk.cjs'))) {
  console.error('wrk is not built, and what the build needs could not be installed.')
  console.error('Install it first: npm install && npm install -g .')
  process.exitCode = 1
}

function canBuild() {
  const from = createRequire(resolve(root, 'package.json'))
  try {
    for (const name of ['esbuild', 'typescript/package.json', 'commander']) from.resolve(name)
    return true
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return false
    throw error
  }
}

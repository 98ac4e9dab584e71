/**
 * npm run test:mutation -- [what stryker takes, as -m src/core/claims/claim.ts]
 *
 * Stryker is many packages, so it comes when it is asked for. Version 10 needs Node 22; 9 runs on every Node that wrk does.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bundling.mjs'

const installed = ['core', 'vitest-runner'].every(name =>
  existsSync(join(root, 'node_modules', '@stryker-mutator', name)),
)
if (installed) {
  const bin = join(root, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js')
  const { status } = spawnSync(process.execPath, [bin, 'run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} else {
  console.error(
    'Stryker is not installed here: npm install --no-save @stryker-mutator/core@9.6.1 @stryker-mutator/vitest-runner@9.6.1',
  )
  process.exitCode = 1
}

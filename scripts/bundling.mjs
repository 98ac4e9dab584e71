/** What all bundles of src/ have in common: those that Node runs, and that of the standalone executable. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** commander loads node:child_process for a feature that wrk does not use; that is 1.7 ms of every start. */
export const withoutChildProcess = {
  name: 'without-child-process',
  setup(b) {
    b.onResolve({ filter: /^node:child_process$/ }, args =>
      args.importer.includes('commander') ? { path: args.path, namespace: 'unused' } : null,
    )
    b.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {}' }))
  },
}

export function settings({ standalone }) {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    // Reaches PostgreSQL; whoever uses that installs it.
    external: ['pg'],
    define: { WRK_VERSION: JSON.stringify(version), WRK_STANDALONE: String(standalone) },
    loader: Object.fromEntries(
      ['.md', '.yaml', '.sh', '.bash', '.zsh', '.fish', '.ps1'].map(name => [name, 'text']),
    ),
    // Its form for Node loads its parts by a require that cannot be bundled.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    logLevel: 'warning',
    // gray-matter carries an engine that evaluates JavaScript; wrk refuses to call it.
    logOverride: { 'direct-eval': 'silent' },
  }
}

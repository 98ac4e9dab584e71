/** The program that is measured: the package as npm installs it, which is what users have; or dist/ of this checkout. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const run = promisify(execFile)

/** The command's file and the library's, once it is known which ones they are. */
export const program = { wrk: '', library: '' }

/** Measures what the last build left in dist/. */
export function useCheckout() {
  if (!existsSync(join(ROOT, 'dist', 'wrk.cjs')))
    throw new Error('there is no dist/wrk.cjs; run: npm run build')
  useDist(join(ROOT, 'dist'))
}

/**
 * Packs dist/ as it is and installs the package with its dependencies into a folder.
 * @throws where npm fails, which needs the registry or a cache that has the dependencies
 */
export async function installPackage(folder) {
  useCheckout()
  mkdirSync(folder)
  const npm = async (cwd, ...args) => {
    try {
      return (await run('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' })).stdout
    } catch (error) {
      const message = `${error.stderr}`.trim().split('\n').slice(0, 5).join('\n')
      throw new Error(`npm ${args[0]} failed; npm run bench -- --checkout measures without it\n${message}`)
    }
  }
  const packed = await npm(ROOT, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder)
  const [{ filename }] = JSON.parse(packed)
  const quietly = ['--no-audit', '--no-fund', '--prefer-offline', '--no-save', '--prefix', folder]
  await npm(folder, 'install', ...quietly, join(folder, filename))
  useDist(join(folder, 'node_modules', 'wrk-cli', 'dist'))
}

function useDist(dist) {
  program.wrk = join(dist, 'wrk.cjs')
  program.library = join(dist, 'index.js')
}

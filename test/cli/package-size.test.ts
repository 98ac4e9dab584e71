/** What an installation costs: the package as npm makes it. */
import { expect, test } from 'vitest'
import { finished, start, tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'

test('the package is under 1 MB packed and 3 MB unpacked', async () => {
  const home = tempFolder()
  const env = cleanEnv(home, { npm_config_cache: home, npm_config_update_notifier: 'false' })
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline']
  const { code, stdout } = await finished(start('npm', args, { cwd: ROOT, env }))
  expect(code).toBe(0)
  const [{ size, unpackedSize, files }] = JSON.parse(stdout)
  expect(files.map(({ path }: { path: string }) => path)).toContain('dist/mcp.cjs')
  expect({ size: size < 1_000_000, unpackedSize: unpackedSize < 3_000_000 }).toEqual({
    size: true,
    unpackedSize: true,
  })
})

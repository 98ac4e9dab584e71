/** The rest of library.test.ts: what takes too long for every run. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/program.ts'
import type { Result } from '../support/result.ts'
import { app, call } from './library.shared.ts'

describe('the types', () => {
  const config = {
    compilerOptions: {
      ...{ target: 'es2023', module: 'nodenext', moduleResolution: 'nodenext', strict: true, noEmit: true },
      ...{ skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      types: ['node'],
    },
    files: ['use.ts'],
  }

  function check(source: string): Result {
    const folder = join(app, 'typed')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'use.ts'), source)
    return call(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder])
  }

  const GOOD = `import { openQueue, WrkError, type ClaimedItem, type ErrorCode, type ListedItem, type Queue, type QueueOptions } from 'wrk-cli'
const options: QueueOptions = { session: 'nightly-7', env: {}, clock: () => new Date() }
const queue: Queue = await openQueue('.claude/work-queue', options)
const result = await queue.claim('WRK-157', { ttlMs: 1000, waitMs: 10 })
if (result.kind === 'held') {
  const holder: string = result.holder.session_id
  console.log(holder)
} else {
  const claimed: ClaimedItem = result
  const by: string = claimed.lock.locked_by
  console.log(by, (await queue.release('WRK-157')).released satisfies boolean)
}
const items: ListedItem[] = await queue.list({ status: ['pending'], priority: 'high', mine: true })
console.log(items[0]?.problems[0]?.line.toFixed(), (await queue.log({ last: 3 })).map(event => event.seq), (await queue.where()).queue)
try {
  await queue.show('x')
} catch (error) {
  if (error instanceof WrkError) {
    const code: ErrorCode = error.code
    console.log(code, error.hint)
  }
}
`

  test('let a program compile that uses the library rightly', () => {
    expect(check(GOOD)).toMatchObject({ code: 0, stdout: '' })
  })

  test.each([
    [
      'a result’s lock without looking whether it was granted',
      "const { lock } = await queue.claim('WRK-1')\nconsole.log(lock)",
    ],
    ['an option that does not exist', "await queue.claim('WRK-1', { seconds: 5 })"],
    ['an id that is no text', 'await queue.claim(157)'],
    ['a code outside the closed list', "const code: import('wrk-cli').ErrorCode = 'OOPS'\nconsole.log(code)"],
  ])('do not compile %s', (_, line) => {
    const { code, stdout } = check(
      `import { openQueue } from 'wrk-cli'\nconst queue = await openQueue()\n${line}\nconsole.log(queue)\n`,
    )
    expect(code).not.toBe(0)
    expect(stdout).toMatch(/^use\.ts\(\d|use\.ts\(\d+,\d+\): error/m)
  })
})

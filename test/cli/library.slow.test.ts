/** The rest of library.test.ts: what takes too long for every run. */
import { describe, expect, test } from 'vitest'
import { compile } from './library.shared.ts'

describe('the types', () => {
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

  test.each([
    ['with the types of Node.js', { types: ['node'] }],
    ['with those of browsers', { lib: ['es2023', 'dom'] }],
    ['with neither, resolved as bundlers do', { module: 'esnext', moduleResolution: 'bundler' }],
    ['with all that is strict', { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true }],
  ])('compile with a program that uses the library correctly, %s', (_, options) => {
    const source = 'types' in options ? GOOD : GOOD.replaceAll(/console\.log/g, 'print')
    expect(compile(`declare function print(...what: unknown[]): void\n${source}`, options)).toMatchObject({
      code: 0,
      stdout: '',
    })
  })

  test('a signal is one of Node.js where its types are, so that fetch takes it', () => {
    const source = `import { openQueue } from 'wrk-cli'
const queue = await openQueue()
await queue.withClaim('WRK-1', ({ signal }) => fetch('http://127.0.0.1', { signal }))
for await (const event of queue.watch({ signal: AbortSignal.timeout(5) })) console.log(event)
`
    expect(compile(source, { types: ['node'] })).toMatchObject({ code: 0, stdout: '' })
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
    const { code, stdout } = compile(
      `import { openQueue } from 'wrk-cli'\nconst queue = await openQueue()\n${line}\nconsole.log(queue)\n`,
      { types: ['node'] },
    )
    expect(code).not.toBe(0)
    expect(stdout).toMatch(/^use\.ts\(\d|use\.ts\(\d+,\d+\): error/m)
  })
})

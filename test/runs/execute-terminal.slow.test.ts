/** `wrk execute` with and without a terminal: signals, Ctrl-C and Ctrl-Z reach the command. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { processFacts } from '../../src/system/processes/process.ts'
import { until } from '../support/clock.ts'
import { heard, NOTES, note, noteOf, startWatched } from '../support/notes.ts'
import { gone } from '../support/processes.ts'
import { haveTerminals, openTerminal } from '../support/terminals/pty.ts'
import { execute, expectUntouched, LISTENER, passOn, ready, readyQueue, signalsOf } from './execute.shared.ts'

/** One that dies of any. bash would leave some signals to what it runs; this is the program itself. */
const MORTAL = `require('node:fs').writeFileSync('up.tmp', String(process.pid))
require('node:fs').renameSync('up.tmp', 'up')
setInterval(() => {}, 1000)
`

describe('without a terminal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)('a command that dies of %s ends wrk with %d, and the item is free', async (signal, code) => {
    const queue = readyQueue()
    const before = queue.read('WRK-1')
    const running = startWatched(queue, ['--json', ...execute('node', '-e', MORTAL)])
    const child = Number(await heard(queue, 'up'))
    process.kill(running.pid, signal)
    const result = await running.end
    expect([result.code, result.json.steps[0].signal, result.json.released]).toEqual([code, signal, true])
    await gone(child)
    expectUntouched(queue, before)
  })

  test('after a signal what is left to run is not, although the first has ended well', async () => {
    const queue = readyQueue({ provider: 'own', provider_alt: 'other' })
    queue.write(
      'wrk.yaml',
      `providers:\n  own: [bash, first.sh]\n  other: [bash, -c, 'touch "$HOME/second"']\n`,
    )
    queue.write('../first.sh', `${NOTES}trap 'exit 0' TERM; say up $$; while :; do sleep 0.02; done`)
    const running = startWatched(queue, ['execute', 'WRK-1', '--json'])
    await heard(queue, 'up')
    process.kill(running.pid, 'SIGTERM')
    const { code, json } = await running.end
    expect([code, json.ok, json.steps.length]).toEqual([143, false, 1])
    expect(existsSync(noteOf(queue, 'second'))).toBe(false)
    expectUntouched(queue, ready('WRK-1', { provider: 'own', provider_alt: 'other' }))
  })
})

describe.skipIf(!haveTerminals())('in a terminal', () => {
  test('the command has it: stdin, stdout and stderr', async () => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue)
    const screen = await terminal.screen(
      `wrk execute WRK-1 --provider claude -- bash -c 'for fd in 0 1 2; do test -t $fd && echo "$fd is one"; done'`,
    )
    expect(screen).toBe('0 is one\n1 is one\n2 is one\nwrk: released WRK-1\n')
    expect(queue.lock('WRK-1').by).toBe('')
  })

  const listening = `wrk execute WRK-1 --provider claude -- node -e "$LISTENER"`
  test.each([
    ['', listening],
    [' (its stdin is a file)', `${listening} </dev/null`],
    [' (it has left the process group)', listening.replace('node -e', 'setsid node -e')],
  ])('Ctrl-C reaches it once, and wrk does not die before it%s', async (_, command) => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue, { env: { LISTENER } })
    const ended = terminal.run(command)
    const child = Number(await heard(queue, 'up'))
    terminal.press('\x03')
    expect(await heard(queue, 'SIGINT')).toBe('1')
    const wrk = processFacts(child)!.ppid
    await passOn(queue)
    expect(processFacts(wrk)).not.toBeNull()
    expect(processFacts(child)!.ppid).toBe(wrk)
    expect(queue.lock('WRK-1').by).toMatch(/^terminal-/)
    terminal.press('\x03')
    await until('the second has come', () => readFileSync(noteOf(queue, 'SIGINT'), 'utf8') === '2')
    expect(await signalsOf(queue)).toBe('SIGINT SIGINT')
    expect((await ended).code).toBe(7)
    expectUntouched(queue, ready())
  })

  test('Ctrl-C that it dies of is exit 130, and the item is free', async () => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue)
    const ended = terminal.run(
      `wrk execute WRK-1 --provider claude -- bash -c 'echo $$ >"$HOME/up"; exec sleep 600'`,
    )
    const child = Number(await heard(queue, 'up'))
    await until('it sleeps', () => readFileSync(`/proc/${child}/comm`, 'utf8') === 'sleep\n')
    terminal.press('\x03')
    expect((await ended).code).toBe(130)
    await gone(child)
    expectUntouched(queue, ready())
  })

  test('Ctrl-Z stops both, fg lets them go on', async () => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue, { env: { LISTENER } })
    const ended = terminal.run(listening)
    const child = Number(await heard(queue, 'up'))
    terminal.press('\x1a')
    expect((await ended).code).toBe(148)
    await until('it has stopped too', () => processFacts(child)!.state === 'T')
    expect(queue.lock('WRK-1').by).toMatch(/^terminal-/)
    note(queue, 'go')
    expect((await terminal.run('fg')).code).toBe(7)
    expectUntouched(queue, ready())
  })

  test('that is closed, the command gets SIGHUP, and the item is free', async () => {
    const queue = readyQueue()
    const terminal = await openTerminal(queue)
    const script = `${NOTES}trap "say hup; exit 1" HUP; say up $$; while :; do sleep 0.02; done`
    writeFileSync(noteOf(queue, 'script'), script)
    terminal.run('wrk execute WRK-1 --provider claude -- bash script').catch(() => undefined)
    const child = Number(await heard(queue, 'up'))
    process.kill(terminal.pid, 'SIGHUP')
    await heard(queue, 'hup')
    await gone(child)
    await until('the item is free', () => queue.lock('WRK-1').by === '')
    await until('nothing is left', () => queue.leftovers().length === 0)
  })
})

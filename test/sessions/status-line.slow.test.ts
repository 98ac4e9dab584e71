/** The recipes of docs/status-line.md as they are, in real shells and a real tmux. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { until } from '../support/clock.ts'
import { item } from '../support/items.ts'
import { shells, tempFolder } from '../support/processes.ts'
import { cleanEnv, ROOT } from '../support/program.ts'
import { markAsNew } from '../support/queue.ts'

const PAGE = readFileSync(join(ROOT, 'docs/status-line.md'), 'utf8')

function recipe(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(PAGE)?.[1]
  if (found === undefined) throw new Error(`no recipe for ${language}`)
  return found
}

const isHere = (program: string) => spawnSync(program, ['-V'], { stdio: 'ignore' }).error === undefined
const HAS_TMUX = isHere('tmux')

const servers: (() => void)[] = []
afterAll(() => {
  for (const kill of servers) kill()
})

/** A workspace in a fresh home, with a tmux whose first window runs a command in it. */
function startTmux(command: (home: string) => string) {
  const home = tempFolder()
  const workspace = join(home, "a 'quoted' $(place)")
  mkdirSync(join(workspace, '.claude/work-queue/pending'), { recursive: true })
  markAsNew(join(workspace, '.claude/work-queue'))
  for (const id of ['WRK-1', 'WRK-2'])
    writeFileSync(join(workspace, `.claude/work-queue/pending/${id}.md`), item(id))
  const env = { ...cleanEnv(home), TMUX_TMPDIR: home, SHELL: '/bin/bash' }
  const tmux = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('tmux', ['-L', 'outer', '-f', '/dev/null', ...args], {
      env,
      cwd: workspace,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`)
    return stdout
  }
  servers.push(() => {
    for (const name of ['outer', 'inner']) spawnSync('tmux', ['-L', name, 'kill-server'], { env })
  })
  tmux('new-session', '-d', '-x', '120', '-y', '30', command(home))
  // Killed and waited for at the end, should asking it to end not be enough.
  shells.add(Number(tmux('display-message', '-p', '#{pid}')))
  return {
    home,
    workspace,
    env,
    type: (line: string) => tmux('send-keys', line, 'Enter'),
    screen: () => tmux('capture-pane', '-p'),
  }
}

describe.skipIf(!HAS_TMUX)('the recipe of docs/status-line.md for', () => {
  test.for([
    ['bash', '.bashrc', "PS1='> '\n", 'bash --noprofile --rcfile', /^WRK-1 >/m],
    ['zsh', '.zshrc', "PROMPT='> '\n", 'env ZDOTDIR=', /^WRK-1 >/m],
    ['fish', '.config/fish/config.fish', "function fish_prompt; echo -n '> '; end\n", 'fish', /^> .* WRK-1/m],
  ] as const)(
    '%s shows in its prompt what the terminal holds',
    async ([shell, file, prompt, start, shown], context) => {
      context.skip(!isHere(shell), `${shell} is not installed`)
      const { type, screen } = startTmux(home => {
        const path = join(home, file)
        mkdirSync(join(path, '..'), { recursive: true })
        writeFileSync(path, prompt + recipe(shell))
        return shell === 'bash'
          ? `${start} ${path} -i`
          : shell === 'zsh'
            ? `${start}${home} zsh -i`
            : `${start} -i`
      })
      await until('the prompt', () => screen().includes('>'))
      type('wrk claim 1')
      await until('the claim', () => screen().includes('Claimed WRK-1'))
      await until('the prompt names the item', () => {
        type('')
        return shown.test(screen())
      })
    },
  )

  test('tmux shows in its status line what is held', async () => {
    const { workspace, env, screen } = startTmux(home => {
      writeFileSync(join(home, 'conf'), recipe('tmux').replace('status-interval 5', 'status-interval 1'))
      return `env -u TMUX tmux -L inner -f '${home}/conf' new-session`
    })
    await until('what is ready', () => screen().includes('2 ready'))
    expect(screen()).not.toContain('held')
    const claimed = spawnSync('wrk', ['claim', '1'], {
      cwd: workspace,
      env: { ...env, WRK_SESSION_ID: 'tester' },
      encoding: 'utf8',
    })
    expect(claimed.status).toBe(0)
    await until('what is held', () => screen().includes('1 held 1 ready'))
  })
})

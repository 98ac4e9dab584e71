/** The parts of docs/reference/commands.md, from the help that the program prints. */
import { tempFolder } from '../../support/processes.ts'
import { cleanEnv } from '../../support/program.ts'
import { serveCommand } from '../../support/served/served-command.ts'
import { table } from './markdown.ts'

interface Listed {
  group: string
  name: string
  summary: string
}

let home: string | undefined

/** The help of a command, without the options that every command takes; '' is the program itself. */
async function helpOf(command: string): Promise<string> {
  const words = command === '' ? [] : command.split(' ')
  home ??= tempFolder()
  const { stdout } = await serveCommand([...words, '--help'], { cwd: home, env: cleanEnv(home) })
  return stdout
    .replace(/^Global Options:\n(?: .*\n)*\n?/m, '')
    .replace(/^ {2}-h, --help .*\n/m, '')
    .replace(/^Options:\n(?=\n|$)\n?/m, '')
    .trimEnd()
}

/** The commands that a help text lists, with the heading of each. */
function listedIn(help: string): Listed[] {
  let group = ''
  return help.split('\n').flatMap(line => {
    const heading = /^(\S.*):$/.exec(line)?.[1]
    if (heading) group = heading
    const [, name, summary] = /^ {2}([a-z][a-z-]*)\S*(?: [[<].*?[\]>])* {2,}(\S.*)$/.exec(line) ?? []
    return name && summary && !/^(Options|Arguments|Examples)$/.test(group) && name !== 'help'
      ? [{ group, name, summary }]
      : []
  })
}

/** All commands by groups, then the help of each and of its subcommands. */
export async function commandsPart(): Promise<string> {
  const commands = listedIn((await helpOf('')).replace(/^[\s\S]*?(?=^Options:)/m, ''))
  const groups = [...new Set(commands.map(({ group }) => group))].map(group => {
    const rows = commands
      .filter(one => one.group === group)
      .map(({ name, summary }) => [`[\`wrk ${name}\`](#wrk-${name})`, summary])
    return `### ${group}\n\n${table(['command', 'what it does'], rows)}`
  })
  const sections: string[] = []
  while (sections.length < commands.length) {
    const batch = commands.slice(sections.length, sections.length + 6)
    sections.push(...(await Promise.all(batch.map(({ name }) => sectionOf(name)))))
  }
  return ['## By what they are for', ...groups, '## Each command', ...sections].join('\n\n')
}

async function sectionOf(name: string): Promise<string> {
  const help = await helpOf(name)
  const inner = listedIn(help).filter(({ group }) => group === 'Commands')
  const helps = [help, ...(await Promise.all(inner.map(one => helpOf(`${name} ${one.name}`))))]
  return [`### wrk ${name}`, ...helps.map(text => `\`\`\`text\n${text}\n\`\`\``)].join('\n\n')
}

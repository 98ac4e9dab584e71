import { Argument, type Command } from 'commander'
import bash from '../../../templates/completion/wrk.bash'
import fish from '../../../templates/completion/wrk.fish'
import powershell from '../../../templates/completion/wrk.ps1'
import zsh from '../../../templates/completion/wrk.zsh'
import { EXIT } from '../../print/exit-codes.ts'
import { examples, type RunCommand } from '../command.ts'

const SCRIPTS: Record<string, string> = { bash, zsh, fish, powershell }

export function configure(command: Command, run: RunCommand): void {
  command
    .description('Print a script that completes commands, options, ids with titles, and sessions.')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
  examples(
    command,
    `eval "$(wrk completion bash)"                       in ~/.bashrc
     eval "$(wrk completion zsh)"                        in ~/.zshrc, behind compinit
     wrk completion fish > ~/.config/fish/completions/wrk.fish
     wrk completion powershell | Out-String | Invoke-Expression      in $PROFILE`,
  )
  command.addHelpText('after', '\nThe script completes wrk and wrk-cli.')
  command.action((shell: string) =>
    run(async () => {
      const script = SCRIPTS[shell]!
      return { exitCode: EXIT.done, json: { ok: true, shell, script }, text: script, verbatim: true }
    }),
  )
}

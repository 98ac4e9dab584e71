import type { Command } from 'commander'
import { WrkError } from '../../../core/errors.ts'
import { printable } from '../../../core/text.ts'
import { type GraphResult, graph } from '../../../operations/items/queries/graph.ts'
import { EXIT } from '../../../print/exit-codes.ts'
import { dot, edgesOf, mermaid, tree } from '../../../print/items/graph.ts'
import { screen } from '../../../print/terminal.ts'
import { examples, open, type RunCommand } from '../../command.ts'

interface Flags {
  dot?: boolean
  mermaid?: boolean
  all?: boolean
}

export function configure(command: Command, run: RunCommand): void {
  command
    .argument('[id]', 'only this item and what it is connected to')
    .option('--dot', 'print it for Graphviz')
    .option('--mermaid', 'print it for Mermaid')
    .option('--all', 'closed items too')
  examples(
    command,
    `wrk graph
     wrk graph WRK-157
     wrk graph --dot | dot -Tsvg > queue.svg
     wrk graph --mermaid --all`,
  )
  command.addHelpText(
    'after',
    '\nAn item’s blocked_by says what it waits for. Cycles and ids that are not in the\nqueue are reported.',
  )
  command.action((id: string | undefined, flags: Flags) =>
    run(async globals => {
      if (flags.dot && flags.mermaid) throw new WrkError('USAGE', '--dot and --mermaid exclude each other')
      const context = await open(globals)
      const result = await graph(context, id, flags.all ?? false)
      const drawn = flags.dot ? dot(result) : flags.mermaid ? mermaid(result) : null
      return {
        exitCode: EXIT.done,
        json: { ok: true, ...jsonOf(result) },
        text: drawn ?? describe(result, screen(context.env).width),
        verbatim: drawn !== null,
        // A drawing is for another program; what is wrong goes to people.
        warnings:
          drawn === null
            ? []
            : [
                ...circles(result).map(line => `a cycle: ${line}`),
                ...missingIds(result).map(line => `${line}, which is not in the queue`),
              ],
      }
    }),
  )
}

function describe(result: GraphResult, width: number): string {
  const text = tree(result, width)
  const [around, unknown] = [circles(result), missingIds(result)]
  return [
    text === '' ? 'No open item waits for another.\n' : text,
    around.length > 0 ? `Circles:\n${around.map(line => `  ${line}\n`).join('')}` : '',
    unknown.length > 0 ? `Not in the queue:\n${unknown.map(line => `  ${line}\n`).join('')}` : '',
  ].join('')
}

function circles({ graph: { cycles, nodes } }: GraphResult): string[] {
  return cycles.map(cycle =>
    [...cycle, cycle[0]!].map(key => printable(nodes.get(key)!.id, 60)).join(' waits for '),
  )
}

function missingIds({ graph: { dangling } }: GraphResult): string[] {
  return dangling.map(({ item, text }) => printable(`${item.id} waits for ${text}`, 200))
}

function jsonOf(result: GraphResult) {
  const { graph: found, shown } = result
  return {
    nodes: [...shown].map(key => {
      const { id, title, status, closed } = found.nodes.get(key)!
      return { id, title, status, closed }
    }),
    edges: edgesOf(result).map(({ item, blocker }) => ({ id: item.id, waits_for: blocker.id })),
    cycles: found.cycles.map(cycle => cycle.map(key => found.nodes.get(key)!.id)),
    dangling: found.dangling.map(({ item, text }) => ({ id: item.id, waits_for: text })),
  }
}

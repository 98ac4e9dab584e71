/** The table of exit codes, from the text of `wrk help exit-codes`. */
import { EXIT_CODES_HELP } from '../../../src/print/exit-codes.ts'
import { table } from './markdown.ts'

export function exitCodesTable(): string {
  const entries = EXIT_CODES_HELP.split(/\n(?= {2}\d)/).slice(1)
  const rows = entries.map(entry => {
    const [, codes, meaning] =
      /^ *(\d[\d, ]*?) {2,}([\s\S]*)$/.exec(entry) ?? /^ *([\d, ]+?) +([\s\S]*)$/.exec(entry)!
    return [codes!, meaning!.replace(/\s+/g, ' ').replace(/`/g, '')]
  })
  return table(['code', 'meaning'], rows)
}

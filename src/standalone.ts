/** The entry of the standalone executable, which holds the whole program and the runtime in one file. */
import * as program from './cli.ts'
import { run } from './run.ts'

run(program, process.argv.slice(2))

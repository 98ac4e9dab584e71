/**
 * The full YAML reader is loaded when a file first needs it. Guarded work is synchronous and cannot wait
 * for that, so it throws `NeedsFullReader`, gives its guard back, and is run again with the reader.
 */
import { type FullReader, loadFullReader } from '../markdown/frontmatter.ts'

export class NeedsFullReader extends Error {}

let loaded: FullReader | undefined

/** Runs `work` with the full reader if it has been loaded, and again with it when `work` asks for it. */
export async function withReaders<T>(work: (full: FullReader | undefined) => T | Promise<T>): Promise<T> {
  try {
    return await work(loaded)
  } catch (error) {
    if (!(error instanceof NeedsFullReader)) throw error
  }
  loaded = await loadFullReader()
  return await work(loaded)
}

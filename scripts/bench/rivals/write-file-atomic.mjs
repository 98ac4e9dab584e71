/** Written and synced as a whole, but nothing between reading and writing: two that read at once both win. */
import { readFile } from 'node:fs/promises'
import writeFileAtomic from 'write-file-atomic'
import { asCommand, withHolder } from './edit.mjs'

export async function change(verb, file, name) {
  const text = withHolder(verb, await readFile(file, 'utf8'), name)
  if (text === null) return false
  await writeFileAtomic(file, text)
  return true
}

await asCommand(import.meta.url, change)

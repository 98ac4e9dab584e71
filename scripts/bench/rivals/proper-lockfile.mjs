/** proper-lockfile, with its own defaults but for retries, around the edit and a rename. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import lockfile from 'proper-lockfile'
import { asCommand, withHolder } from './edit.mjs'

const PATIENCE_MS = Number(process.env.PATIENCE ?? 10) * 1000
const PAUSE_MS = 50

export async function change(verb, file, name) {
  const retries = { retries: PATIENCE_MS / PAUSE_MS, minTimeout: PAUSE_MS, maxTimeout: PAUSE_MS }
  const unlock = await lockfile.lock(file, { retries })
  try {
    const text = withHolder(verb, await readFile(file, 'utf8'), name)
    if (text === null) return false
    const draft = `${file}.${process.pid}`
    await writeFile(draft, text)
    await rename(draft, file)
    return true
  } finally {
    await unlock()
  }
}

await asCommand(import.meta.url, change)

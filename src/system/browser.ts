/**
 * Opens an address in the user's browser by way of a file that only this user may read, so that what is secret in it is
 * in no process's argument list.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Browsers read the file within seconds; one that starts up takes longest. */
const KEEP_MS = 60_000

/**
 * @returns removes the file; null when there is no browser to open (no display, no program for it)
 */
export async function openInBrowser(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<(() => void) | null> {
  const [program, ...args] = openerOf(env)
  if (!program) return null
  const folder = mkdtempSync(join(tmpdir(), 'wrk-board-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  const file = join(folder, 'open.html')
  writeFileSync(file, redirectTo(url), { mode: 0o600, flag: 'wx' })
  const child = spawn(program, [...args, file], { env: { ...env }, stdio: 'ignore', detached: true })
  const started = await new Promise<boolean>(settle => {
    child.once('spawn', () => settle(true))
    child.once('error', () => settle(false))
  })
  if (!started) {
    remove()
    return null
  }
  child.unref()
  const timer = setTimeout(remove, KEEP_MS)
  timer.unref()
  return () => {
    clearTimeout(timer)
    remove()
  }
}

function openerOf(env: Readonly<Record<string, string | undefined>>): string[] {
  if (process.platform === 'darwin') return ['open']
  if (process.platform === 'win32') return ['explorer.exe']
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : []
}

function redirectTo(url: string): string {
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=${url}"><title>wrk board</title>`
}

/** Opens a board's address for the person who asked for it. */
import { openInBrowser } from '../../system/browser.ts'
import type { Context } from '../context.ts'

/** @returns removes what the browser was opened through; null when there is no browser here */
export function openBrowser({ env }: Context, url: string): Promise<(() => void) | null> {
  return openInBrowser(url, env)
}

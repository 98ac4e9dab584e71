/** Hands a long text to the user's pager. */
import { pagerOf, runPager } from '../../system/pager.ts'
import type { Context } from '../context.ts'

/** @returns false where there is no pager: then nothing was shown */
export function showPages({ env }: Pick<Context, 'env'>, text: string): boolean {
  const pager = pagerOf(env)
  return pager !== null && runPager(pager, text, env)
}

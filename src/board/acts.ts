/**
 * Acts from the page, by the board's own session. Each says what the page showed of the item; if it is otherwise now,
 * nothing is done. That is decided inside the item's guard, on what is read there.
 */
import itemTemplate from '../../templates/item.md'
import { type ErrorCode, WrkError } from '../core/errors.ts'
import { keyOfField } from '../core/items/ids.ts'
import { isAsShown } from '../operations/claims/as-shown.ts'
import { claim, type OwnClaimOptions } from '../operations/claims/claim.ts'
import { release } from '../operations/claims/release.ts'
import type { Context } from '../operations/context.ts'
import { set } from '../operations/items/fields/set.ts'
import { newItem } from '../operations/items/new.ts'
import { transition } from '../operations/items/transitions/transition.ts'
import { endOwnSession, registerOwnSession } from '../operations/sessions/own-session.ts'
import { outcomeOfError } from '../print/outcome.ts'
import { readAct } from './act-request.ts'
import type { Feed } from './feed.ts'
import type { Act, ActAnswer } from './protocol.ts'

type BoardContext = Context & { session: string }
type ItemAct = Exclude<Act, { verb: 'new' }>
interface Done {
  ok: boolean
  message: string
  hint?: string | undefined
  warnings: readonly string[]
}

/** The item is not as the page showed it. */
class ShownDiffers extends Error {}

/** Acts wait for each other; more than a person asks for are refused. */
const MOST_WAITING = 16

const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  USAGE: 400,
  AMBIGUOUS: 409,
  INVALID_ITEM: 409,
  CLOSED: 409,
  LOCKED: 409,
  BUSY: 503,
}

export class Acts {
  readonly #context: BoardContext
  readonly #feed: Feed
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(context: BoardContext, feed: Feed) {
    this.#context = context
    this.#feed = feed
  }

  /** Does what is asked, one after the other; never fails. */
  async perform(given: unknown): Promise<{ status: number; answer: ActAnswer }> {
    const act = readAct(given)
    if (typeof act === 'string') return { status: 400, answer: { ok: false, id: null, message: `${act}.` } }
    if (this.#waiting >= MOST_WAITING)
      return { status: 503, answer: { ok: false, id: null, message: 'Too many acts at once; try again.' } }
    this.#waiting++
    const turn = this.#last.then(() => this.#act(act))
    this.#last = turn
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }

  /** Ends the board's session; what it holds is released. @returns the ids of what was */
  async end(): Promise<string[]> {
    await this.#last
    const ended = await endOwnSession(this.#context)
    return ended?.released.flatMap(({ released, item }) => (released ? item.id : [])) ?? []
  }

  async #act(act: Act): Promise<{ status: number; answer: ActAnswer }> {
    const id = act.verb === 'new' ? null : act.id
    try {
      await registerOwnSession(this.#context, 'board')
      if (act.verb === 'new') {
        const { title, priority } = act
        const { item, warnings } = await newItem(this.#context, { title, priority, template: itemTemplate })
        return { status: 200, answer: { ok: true, id: item.id, message: `Created ${item.id}.`, warnings } }
      }
      const { ok, message, hint, warnings } = await perform(this.#context, act)
      const answer = { ok, id, message, ...(hint && { hint }), warnings: [...warnings] }
      return ok
        ? { status: 200, answer }
        : { status: 409, answer: { ...answer, ...(await this.#present(act)) } }
    } catch (error) {
      if (error instanceof ShownDiffers) {
        const message = `${id} changed meanwhile; nothing was done.`
        const hint = 'See its present state, then choose again.'
        return { status: 409, answer: { ok: false, id, message, hint, ...(await this.#present(act)) } }
      }
      const { refusal } = outcomeOfError(error, false)
      const status = (error instanceof WrkError && STATUS_OF[error.code]) || 500
      const message = `${refusal?.message ?? 'It failed'}.`
      return { status, answer: { ok: false, id, message, ...(refusal?.hint && { hint: refusal.hint }) } }
    }
  }

  /** The item as it is now, for the answer; the page hears of it as of any change. */
  async #present(act: Act): Promise<Pick<ActAnswer, 'items'>> {
    const { store } = this.#context
    const key = act.verb === 'new' ? null : keyOfField(act.id, store.settings.idPrefix)
    if (!key) return {}
    await this.#feed.look([key])
    return { items: this.#feed.itemsOf(key) }
  }
}

async function perform(context: BoardContext, act: ItemAct): Promise<Done> {
  const { id, verb, shown, reason, force } = act
  const check: OwnClaimOptions['check'] = current => {
    if (!isAsShown(context, current, shown)) throw new ShownDiffers()
  }
  if (verb === 'claim') {
    const result = await claim(context, id, { check, force: force ? reason : undefined })
    const { warnings } = result
    if (result.kind === 'held')
      return {
        ok: false,
        message: `${id} is held by ${result.holder.session_id}: ${result.holder.reason}.`,
        warnings,
      }
    const from = result.from ? ` It was taken over from ${result.from.locked_by}.` : ''
    return { ok: true, message: `Claimed ${id} for this board.${from}`, warnings }
  }
  if (verb === 'release') {
    const result = await release(context, id, { check, force: force ? reason : undefined })
    const { released, holder, from, warnings } = result
    if (released)
      return { ok: true, message: `Released ${id}${from ? `, which ${from} held` : ''}.`, warnings }
    const why = holder ? `is held by ${holder.session_id}` : 'is not held'
    return { ok: false, message: `${id} ${why}; nothing was released.`, warnings }
  }
  if (verb === 'priority') {
    const result = await set(context, id, new Map([['priority', act.priority ?? '']]), { check })
    if (result.kind === 'refused') return refused(id, result.why, result.warnings)
    return { ok: true, message: `Priority of ${id}: ${act.priority}.`, warnings: result.warnings }
  }
  const result = await transition(context, verb, id, { check, reason })
  const { warnings } = result
  if (result.kind === 'refused') return refused(id, result.why, warnings)
  if (result.kind === 'no')
    return {
      ok: false,
      message: `${id} is ${result.state}, so ${verb} does not apply.`,
      hint: result.instead ? `First: ${result.instead}.` : undefined,
      warnings,
    }
  return { ok: true, message: `${PAST[verb]} ${id}.`, warnings }
}

const PAST = {
  start: 'Started',
  block: 'Blocked',
  unblock: 'Unblocked',
  done: 'Finished',
  reopen: 'Reopened',
} as const

function refused(
  id: string,
  why: { kind: 'held'; holder: { session_id: string; reason: string } } | { kind: 'lost' },
  warnings: readonly string[],
): Done {
  const message =
    why.kind === 'lost'
      ? `${id} was taken from this board and is free now.`
      : `${id} is held by ${why.holder.session_id}: ${why.holder.reason}.`
  return { ok: false, message, warnings }
}

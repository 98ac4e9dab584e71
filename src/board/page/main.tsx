/** The page of `wrk board`: begins, and draws again whenever something changed. */
import { render } from 'preact'
import { modelOf } from '../model/board-model.ts'
import { BoardPage } from './board-page.tsx'
import { connect, type Update } from './connection/connection.ts'
import { exported } from './connection/exported.ts'
import { startTheme } from './theme.ts'

const root = document.getElementById('board')!
let drawn: Update | null = null

startTheme()
if (exported) show({ connection: 'live', model: modelOf(exported.state, 1) })
else connect(show)

function show(update: Update): void {
  // That nothing happened is drawn once a minute, for the sake of "5m ago", and where the present itself is shown.
  const isNew =
    drawn?.model?.version !== update.model?.version ||
    drawn?.connection !== update.connection ||
    drawn?.model?.there !== update.model?.there ||
    drawn?.model?.warnings !== update.model?.warnings ||
    minuteOf(drawn) !== minuteOf(update) ||
    location.hash.startsWith('#/state')
  if (!isNew) return
  // What the page says until then.
  if (!drawn) root.replaceChildren()
  drawn = update
  render(<BoardPage update={update} />, root)
}

function minuteOf(update: Update | null): string {
  return update?.model?.as_of.slice(0, 16) ?? ''
}

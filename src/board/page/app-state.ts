/** What the page's views are drawn from, and what they may ask for. */
import type { Model } from '../model/board-model.ts'
import type { Filters } from '../model/filter.ts'
import type { Act, BoardItem } from '../protocol.ts'
import type { PageAddress } from './address.ts'
import type { ConnectionState } from './connection/connection.ts'
import type { Choice } from './item/acts.tsx'

export interface App {
  model: Model
  connection: ConnectionState
  place: PageAddress
  /** The present, as the server last said it, in ms. */
  now: number
  /** Places of items with a request under way. */
  pending: ReadonlySet<string>
  /** The item that the keyboard is on. */
  cursor: string | null
  /** Whether acts can be asked for: not in an export. */
  canAct: boolean
  go: (change: Partial<PageAddress>) => void
  filter: (change: Partial<Filters>) => void
  openItem: (id: string | null) => void
  setCursor: (place: string | null) => void
  /** Opens the list of acts for an item. */
  chooseAct: (item: BoardItem) => void
  /** Does what was chosen, or first asks what it needs to know. */
  perform: (item: BoardItem, choice: Choice) => void
  act: (act: Act, item: BoardItem | null) => Promise<void>
}

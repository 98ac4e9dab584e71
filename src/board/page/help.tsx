/** The keys. */
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['1 – 6', 'Board, Now, Graph, Time, Numbers, State'],
  ['/', 'Find'],
  ['↑ ↓ or k j', 'The card above, below'],
  ['← → or h l', 'The column to the left, to the right'],
  ['Enter', 'Open the item'],
  ['Esc', 'Close the item, leave a field'],
  ['m', 'Acts for the item'],
  ['c s r', 'Claim, start, release'],
  ['d b u o', 'Done, block, unblock, reopen'],
  ['p', 'Priority'],
  ['n', 'New item'],
  ['?', 'These keys'],
]

export function Help({ close }: { close: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current!.showModal()
  }, [])
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={keys} class="key">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-buttons">
        <button type="button" class="primary" onClick={close}>
          Close
        </button>
      </div>
    </dialog>
  )
}

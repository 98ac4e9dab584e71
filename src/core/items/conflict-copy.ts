/**
 * Files that other programs put beside an item's when two versions of it met: they bear its id and are no item. Only
 * forms that those programs are known to write; any other suffix belongs to an item (`WRK-139-gmsh.md`).
 */

/** What each program writes between the id and `.md`. */
const BEFORE_ENDING: readonly [program: string, form: RegExp][] = [
  ['Syncthing', /\.sync-conflict-\d{8}-\d{6}(?:-[A-Z0-9]+)?$/],
  ['a file synchroniser', / \((?:[^()]* )?(?:conflicted copy|case conflict)(?: [^()]*)?\)$/i],
  ['ownCloud', /_conflict-\d{8}-\d{6}$/],
  ['OneDrive', /-(?:DESKTOP|LAPTOP)-[A-Z0-9]{7,8}(?:-\d+)?$/],
  ['git mergetool', /_(?:BACKUP|BASE|LOCAL|REMOTE)_\d+$/],
  [
    'a file manager or synchroniser',
    /(?: \d{1,2}| \(\d{1,3}\)| copy(?: \d{1,3})?| - Copy(?: \(\d{1,3}\))?)$/,
  ],
]

/** What is written behind `.md`. */
const BEHIND: readonly [program: string, form: RegExp][] = [
  ['a merge', /\.md\.(?:orig|rej)$/],
  ['git', /\.md~[\w.-]+$/],
]

/** A name of an item's file with something behind the id. */
const ID = /^([A-Za-z][A-Za-z0-9_.-]*?-\d{1,9}(?:\.\d{1,9})*)(?!\d)/

/** A file name ending in `.md`, without that: whether what follows the id is one of those forms. Quick for other names. */
export function isConflictCopy(stem: string): boolean {
  return BEFORE_ENDING.some(([, form]) => form.test(stem))
}

/** The item's id as the name spells it, and which program made the copy; null if it is not a copy. */
export function conflictCopyOf(name: string): { id: string; program: string } | null {
  const forms = name.endsWith('.md') ? BEFORE_ENDING : BEHIND
  const text = name.endsWith('.md') ? name.slice(0, -3) : name
  const found = forms.find(([, form]) => form.test(text))
  const id = found && ID.exec(text.replace(found[1], ''))?.[1]
  return found && id ? { id, program: found[0] } : null
}

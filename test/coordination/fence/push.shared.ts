/** Two clones whose branch and claims go to one bare repository, for tests of what may leave a clone. */
import { type Clone, makeClones } from '../../support/coordination/clones.ts'
import { git } from '../../support/coordination/servers.ts'

export async function two(options = {}) {
  const clones = await makeClones(['ann', 'bob'], options)
  const [ann, bob] = clones.all as [Clone, Clone]
  const mainAt = () => git(clones.bare, 'rev-parse', 'refs/heads/main').trim()
  return { clones, ann, bob, mainAt }
}

/** Bob takes an item from ann by force, who does not know of it. */
export const takeFrom = (bob: Clone, id: string) =>
  bob.wrk(['claim', id, '--force', '--reason', 'ann is on holiday'])

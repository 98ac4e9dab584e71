/** What the tests of merge-driver have in common. */
import { join } from 'node:path'
import { IN_QUEUE } from '../support/repository.ts'

export const at = (folder: string, id: string) => join(IN_QUEUE, folder, `${id}.md`)

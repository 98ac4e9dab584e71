/** Puts a workflow for a code host's CI into a repository: `wrk verify --range` for every merge. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { realDisk } from '../../store/files/disk.ts'
import { createFile } from '../../store/files/replace-file.ts'
import { workspaceOfQueue } from '../../store/queue.ts'
import { findRepository } from '../../system/git/repository.ts'
import { guardHost } from '../context.ts'

export type CiHost = 'github' | 'gitlab'
export const CI_HOSTS: readonly CiHost[] = ['github', 'gitlab']

const PATHS: Record<CiHost, string> = {
  github: '.github/workflows/work-items.yml',
  gitlab: '.gitlab/ci/work-items.yml',
}

export interface InstalledCi {
  host: CiHost
  path: string
  /** `different`: a file of that name is there, and stays. */
  state: 'made' | 'kept' | 'different'
  /** What is left to do; null when nothing is. */
  next: string | null
}

/** @param template the workflow, with a place for the version @throws system errors */
export function installCi(queue: string, host: CiHost, template: string, version: string): InstalledCi {
  const top = findRepository(queue, {})?.top ?? workspaceOfQueue(queue)
  const path = join(top, PATHS[host])
  const text = template.replaceAll('@VERSION@', version)
  const folder = dirname(path)
  realDisk.mkdirSync(folder, { recursive: true })
  const isMade = createFile(realDisk, folder, path, Buffer.from(text), { by: guardHost() })
  const state = isMade ? 'made' : readFileSync(path, 'utf8') === text ? 'kept' : 'different'
  return { host, path: relative(top, path), state, next: host === 'gitlab' ? included(top) : null }
}

/** GitLab runs a file of that folder only where its own names it. */
function included(top: string): string | null {
  const main = join(top, '.gitlab-ci.yml')
  if (existsSync(main) && readFileSync(main, 'utf8').includes(PATHS.gitlab)) return null
  return `Name it in .gitlab-ci.yml: include: [{ local: ${PATHS.gitlab} }]`
}

/**
 * Objects of git, made in this process: one git process less for every claim. A commit's text depends on nothing but
 * the record, its predecessor and who writes it, so that the same change is the same object however often it is tried.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isMissing } from '../../core/errno.ts'
import { readStoredZlib, sha1, storedInZlib } from './checksums.ts'
import { putInPlace } from './drafts.ts'

/** How object ids of a repository are made. */
export type ObjectFormat = 'sha1' | 'sha256'

export type ObjectType = 'commit' | 'tree' | 'blob'

export interface GitObject {
  id: string
  type: ObjectType
  content: Buffer
}

export function makeObject(format: ObjectFormat, type: ObjectType, content: Buffer): GitObject {
  const bytes = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
  const id =
    format === 'sha1'
      ? sha1(bytes)
      : process.getBuiltinModule('node:crypto').createHash(format).update(bytes).digest('hex')
  return { id, type, content }
}

export function emptyTree(format: ObjectFormat): GitObject {
  return makeObject(format, 'tree', Buffer.alloc(0))
}

export interface CommitParts {
  tree: string
  parents: readonly string[]
  /** `Name <mail>` */
  who: string
  at: Date
  message: string
}

export function makeCommit(
  format: ObjectFormat,
  { tree, parents, who, at, message }: CommitParts,
): GitObject {
  const time = `${Math.floor(at.getTime() / 1000)} +0000`
  const lines = [
    `tree ${tree}`,
    ...parents.map(parent => `parent ${parent}`),
    `author ${who} ${time}`,
    `committer ${who} ${time}`,
    '',
    message,
  ]
  return makeObject(format, 'commit', Buffer.from(lines.join('\n')))
}

/** A tree of one file. */
export function makeTreeOf(format: ObjectFormat, name: string, blob: string): GitObject {
  return makeObject(
    format,
    'tree',
    Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(blob, 'hex')]),
  )
}

/** Writes an object where git finds it; one that is there already is left. */
export function writeObject(gitDir: string, { id, type, content }: GitObject): void {
  const path = looseObject(gitDir, id)
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true })
  const bytes = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
  putInPlace(gitDir, path, storedInZlib(bytes) ?? zlib().deflateSync(bytes), 0o444)
}

/** The content of an object in a file of its own; null when there is no such file (git may have packed it). */
export function readLooseObject(gitDir: string, id: string): Buffer | null {
  try {
    const file = readFileSync(looseObject(gitDir, id))
    const bytes = readStoredZlib(file) ?? zlib().inflateSync(file)
    return bytes.subarray(bytes.indexOf(0) + 1)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Loaded where it is needed: what this clone wrote itself is read without. */
const zlib = () => process.getBuiltinModule('node:zlib')

function looseObject(gitDir: string, id: string): string {
  return join(gitDir, 'objects', id.slice(0, 2), id.slice(2))
}

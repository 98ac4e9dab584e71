/** What people call their sessions: a small file each in `.wrk/names`. Only for people; nothing is decided by it. */
import { join } from 'node:path'
import { MISSING, unless } from '../../core/errno.ts'
import { fileNameOfSession } from '../claims/session-claims.ts'
import type { Disk } from '../files/disk.ts'
import { readMarker, removeMarker, writeMarker } from '../files/marker.ts'

interface Note {
  session: string
  name: string
}

function folderOf(stateDir: string): string {
  return join(stateDir, 'names')
}

/** Names by the ids of their sessions. */
export function readSessionNames(disk: Disk, stateDir: string): Map<string, string> {
  const folder = folderOf(stateDir)
  const notes = unless(MISSING, [], () => disk.readdirSync(folder)).flatMap(
    file => readMarker<Note>(disk, join(folder, file)) ?? [],
  )
  const isNote = ({ session, name }: Note) => typeof session === 'string' && typeof name === 'string'
  return new Map(notes.filter(isNote).map(({ session, name }) => [session, name]))
}

/** @param name null takes the name away */
export function writeSessionName(disk: Disk, stateDir: string, session: string, name: string | null): void {
  const folder = folderOf(stateDir)
  const path = join(folder, fileNameOfSession(session))
  if (name === null) {
    removeMarker(disk, path)
    return
  }
  disk.mkdirSync(folder, { recursive: true })
  writeMarker(disk, path, { session, name } satisfies Note, 'w')
}

/** Writes a board that is exported to where the caller wants it. */
import { resolve } from 'node:path'
import { asIoError } from '../../core/errno.ts'
import { replaceFile } from '../../store/files/replace-file.ts'
import type { Context } from '../context.ts'

/** @throws WrkError IO; an older file stays as it was then */
export function writeExport({ store }: Context, file: string, bytes: Buffer): void {
  const path = resolve(file)
  try {
    replaceFile(store.host.disk, path, bytes, { by: store.host, keep: true })
  } catch (error) {
    throw asIoError(error, `could not write ${path}`)
  }
}

/**
 * The file operations that the guard and the store use. A value of this type is passed in, so that
 * a test can put a file system of its own in place of the real one and watch or break every step.
 */
import * as fs from 'node:fs'

export type Disk = Pick<
  typeof fs,
  | 'closeSync'
  | 'fchmodSync'
  | 'fchownSync'
  | 'fstatSync'
  | 'fsyncSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readSync'
  | 'readdirSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'unlinkSync'
  | 'writeSync'
>

export const realDisk: Disk = fs

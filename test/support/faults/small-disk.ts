/** Small file systems in memory, which fill up. */
import { spawnSync } from 'node:child_process'
import { afterAll } from 'vitest'
import { tempFolder } from '../processes.ts'

const mounted: string[] = []

// Before the folders are removed: hooks run in the reverse of the order in which they were set.
afterAll(() => {
  for (const folder of mounted.splice(0).reverse()) unmount(folder)
})

/** Whether small file systems can be mounted here; tests that need them are skipped where not. */
export function haveSmallDisks(): boolean {
  const folder = tempFolder()
  if (mount(folder, 64).status !== 0) return false
  unmount(folder)
  return true
}

/** Puts a file system of so many kilobytes onto a folder until the test file ends. */
export function mountSmall(folder: string, kilobytes: number): void {
  const { status, stderr } = mount(folder, kilobytes)
  if (status !== 0) throw new Error(`mount ${folder}: ${stderr}`)
  mounted.push(folder)
}

/** Takes away the file system that was mounted last. */
export function unmountLast(): void {
  unmount(mounted.pop()!)
}

function mount(folder: string, kilobytes: number) {
  const options = `size=${kilobytes}k,mode=0755`
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { encoding: 'utf8' })
}

function unmount(folder: string): void {
  const { status, stderr } = spawnSync('umount', ['-l', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`umount ${folder}: ${stderr}`)
}

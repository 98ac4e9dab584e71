/** What another program gives on stdin, bounded in size and time: it may send nothing and never close it. */

/**
 * @param waitMs how long to wait for its end
 * @returns what came; null when it is larger than `longest`
 */
export async function readStdin(longest: number, waitMs: number): Promise<string | null> {
  return (await readStdinBytes(longest, waitMs))?.toString('utf8') ?? null
}

/** The same as they came, for what is not only read. */
export function readStdinBytes(longest: number, waitMs: number): Promise<Buffer | null> {
  return new Promise(settle => {
    const { stdin } = process
    const chunks: Buffer[] = []
    let size = 0
    const done = (text: Buffer | null) => {
      clearTimeout(timer)
      stdin.off('data', take)
      stdin.pause()
      settle(text)
    }
    const all = () => Buffer.concat(chunks)
    const take = (chunk: Buffer) => {
      size += chunk.length
      if (size > longest) done(null)
      else chunks.push(chunk)
    }
    const timer = setTimeout(() => done(all()), waitMs)
    stdin.on('data', take)
    stdin.on('end', () => done(all()))
    stdin.on('error', () => done(all()))
  })
}

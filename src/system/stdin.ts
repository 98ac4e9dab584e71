/** What another program gives on stdin, bounded in size and time: it may send nothing and never close it. */

/**
 * @param waitMs how long to wait for its end
 * @returns what came; null when it is larger than `longest`
 */
export function readStdin(longest: number, waitMs: number): Promise<string | null> {
  return new Promise(settle => {
    const { stdin } = process
    const chunks: Buffer[] = []
    let size = 0
    const done = (text: string | null) => {
      clearTimeout(timer)
      stdin.off('data', take)
      stdin.pause()
      settle(text)
    }
    const all = () => Buffer.concat(chunks).toString('utf8')
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

/** A session that works on a queue in a working tree that it shares with others, and commits now and then. */
import { appendFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Repository } from './repository.ts'
import type { Json, Result } from './result.ts'

/** What all sessions have written: the lines of each item, each by one session and never written again. */
export class Written {
  readonly lines = new Map<string, string[]>()

  add(id: string, line: string): void {
    this.lines.set(id, [...(this.lines.get(id) ?? []), line])
  }
}

/** Numbers that look random and are the same in every run (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** What git says when another git was quicker: it is tried again, as people do. */
const BUSY =
  /index\.lock|cannot lock ref|unable to (?:index file|stat)|updating files failed|No such file or directory|nothing to commit|nothing added|no changes added/

export class Worker {
  private readonly repository: Repository
  private readonly session: string
  private readonly written: Written
  private readonly next: () => number
  private count = 0
  readonly refusals: string[] = []
  readonly commits = { plain: 0, wrk: 0, refused: 0 }

  constructor(repository: Repository, session: string, written: Written, seed: number) {
    this.repository = repository
    this.session = session
    this.written = written
    this.next = numbersFrom(seed)
  }

  /** One verb, and perhaps a commit. */
  async step(): Promise<void> {
    const held = await this.held()
    if (held) await this.work(held)
    else await this.begin()
    const roll = this.next()
    if (roll < 0.25) await this.commitAll()
    else if (roll < 0.5) await this.commitQueue()
  }

  private wrk(words: readonly string[]): Promise<Result> {
    return this.repository.wrk(words, { session: this.session })
  }

  private async held(): Promise<Json | null> {
    const { json } = await this.wrk(['list', '--mine', '--json'])
    return json.items[0] ?? null
  }

  private async begin(): Promise<void> {
    if (this.next() < 0.3) {
      const closed = (await this.wrk(['list', '--status', 'done', 'blocked', '--json'])).json.items
      const one = closed[Math.floor(this.next() * closed.length)]
      if (one) await this.wrk([one.status === 'done' ? 'reopen' : 'unblock', one.id])
    }
    await this.wrk(['next', '--claim', '--json'])
  }

  private async work({ id, path, status }: Json): Promise<void> {
    const roll = this.next()
    const line = `${this.session} wrote ${++this.count} of ${id}.`
    if (status === 'pending') await this.done(['start', id])
    else if (roll < 0.35) {
      // An editor: the holder alone writes text.
      this.written.add(id, line)
      appendFileSync(path, `${line}\n`)
    } else if (roll < 0.5) {
      this.written.add(id, line)
      await this.done(['note', id, line])
    } else if (roll < 0.65) await this.done(['set', id, `priority=${this.next() < 0.5 ? 'high' : 'low'}`])
    else if (roll < 0.75) await this.done(['block', id, '--reason', 'no data'])
    else if (roll < 0.85) await this.done(['release', id])
    else await this.done(['done', id])
  }

  private async done(words: readonly string[]): Promise<void> {
    const { code, stderr } = await this.wrk(words)
    expect({ words, code, stderr: code === 0 ? '' : stderr }).toEqual({ words, code: 0, stderr: '' })
  }

  async commitQueue(): Promise<void> {
    const { code, stderr } = await this.wrk(['commit', '--wait', '60s'])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    this.commits.wrk++
  }

  private async commitAll(): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const head = (await this.repository.git('rev-parse HEAD')).trim()
      const message = `${this.session}: what I did`
      const { code, stdout, stderr } = await this.repository.tryGit(['commit', '-q', '-a', '-m', message], {
        session: this.session,
      })
      if (code === 0) {
        this.commits.plain++
        return
      }
      if (stderr.includes('Commit refused')) {
        this.commits.refused++
        await this.judgeRefusal(stderr, head)
        return this.commitQueue()
      }
      expect(`${stdout}${stderr}`).toMatch(BUSY)
      if (/nothing to commit|nothing added|no changes added/.test(stdout)) return
    }
  }

  /**
   * A refusal must be about a text that its holder has not committed yet; or about a lock that git had staged a moment
   * before it was released: the same commit goes through when it is repeated.
   */
  private async judgeRefusal(stderr: string, head: string): Promise<void> {
    const all = stderr.split('\n').filter(line => /\.md:\S* /.test(line))
    const findings = all.filter(line => !/this commit names the wrong holder of WRK-\d+: /.test(line))
    const found = findings.map(line => /this commit (?:changes|moves) (WRK-\d+), which is/.exec(line)?.[1])
    if (all.length === 0 || found.includes(undefined)) this.refusals.push(stderr)
    for (const id of found) {
      const texts = await this.repository.git(['grep', '-h', `of ${id}\\.`, head]).catch(() => '')
      const isOpen = (this.written.lines.get(id!) ?? []).some(line => !texts.includes(line))
      if (!isOpen) this.refusals.push(stderr)
    }
  }
}

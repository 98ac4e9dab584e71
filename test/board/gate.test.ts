/** Who gets an answer from `wrk board`, asked with requests made by hand: no browser would send all of these. */
import { createServer, request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Board, startBoard } from '../support/browser.ts'
import { item } from '../support/items.ts'
import { finished, start } from '../support/processes.ts'
import { cleanEnv, FIRST, PROGRAM } from '../support/program.ts'
import { makeQueue, type Queue } from '../support/queue.ts'

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

function ask(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
    host = '127.0.0.1',
  }: {
    method?: string
    headers?: Record<string, string | string[]>
    body?: string
    host?: string
  } = {},
): Promise<Answer> {
  return new Promise((settle, fail) => {
    const asked = request({ host, port, path, method, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () =>
        settle({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      )
    })
    asked.on('error', fail)
    asked.end(body)
  })
}

function board(): { queue: Queue; started: Promise<Board> } {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1', { title: 'Secret tide table' }) })
  return { queue, started: startBoard(queue) }
}

const PATHS = [
  '/',
  '/board.js',
  '/board.css',
  '/layout.js',
  '/icon.svg',
  '/api/state',
  '/api/changes?after=0',
  '/api/item?id=WRK-1',
  '/api/act',
  '/api/proof',
  '/nothing',
]

describe('the board answers', () => {
  test('only to its own names, on loopback only', async () => {
    const { port, token } = await board().started
    const Authorization = `Bearer ${token}`
    for (const Host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`])
      expect((await ask(port, '/api/state', { headers: { Host, Authorization } })).status).toBe(200)
    const wrong = [
      'evil.example',
      `evil.example:${port}`,
      'localhost',
      `localhost:${port + 1}`,
      `127.0.0.1.evil.example:${port}`,
      `localhost:${port}.evil.example`,
      `LOCALHOST.:${port}`,
      `127.1:${port}`,
      `0.0.0.0:${port}`,
    ]
    for (const Host of wrong)
      for (const path of PATHS) {
        const { status, body } = await ask(port, path, { headers: { Host, Authorization } })
        expect([400, 403], `${Host} ${path}`).toContain(status)
        expect(body).not.toContain('tide')
      }
    for (const address of Object.values(networkInterfaces()).flat())
      if (address && !address.internal && address.family === 'IPv4')
        await expect(ask(port, '/', { host: address.address })).rejects.toThrow('ECONNREFUSED')
    expect((await ask(port, '/', { host: '::1', headers: { Host: `[::1]:${port}` } })).status).toBe(200)
  })

  test('no other origin, and nothing that a browser says comes from another site', async () => {
    const { port, token } = await board().started
    const Authorization = `Bearer ${token}`
    const Host = `127.0.0.1:${port}`
    const get = (path: string, headers: Record<string, string>) =>
      ask(port, path, { headers: { Host, Authorization, ...headers } })
    expect(
      (await get('/api/state', { Origin: `http://${Host}`, 'Sec-Fetch-Site': 'same-origin' })).status,
    ).toBe(200)
    for (const path of PATHS) {
      for (const Origin of [
        'null',
        'http://evil.example',
        `https://${Host}`,
        `http://localhost:${port}`,
        `http://${Host}/`,
      ])
        expect((await get(path, { Origin })).status, `${Origin} ${path}`).toBe(403)
      for (const site of ['cross-site', 'same-site', 'none', ''])
        expect((await get(path, { 'Sec-Fetch-Site': site })).status, `${site} ${path}`).toBe(403)
    }
    const opening = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
    for (const site of ['none', 'cross-site']) {
      expect((await get('/', { 'Sec-Fetch-Site': site, ...opening })).status).toBe(200)
      expect((await get('/api/state', { 'Sec-Fetch-Site': site, ...opening })).status).toBe(403)
      expect((await get('/board.js', { 'Sec-Fetch-Site': site, ...opening })).status).toBe(403)
      expect(
        (await get('/', { 'Sec-Fetch-Site': site, ...opening, 'Sec-Fetch-Dest': 'iframe' })).status,
      ).toBe(403)
    }
    expect((await get('/', { 'Sec-Fetch-Site': 'same-site', ...opening })).status).toBe(403)
  })

  test('nothing of the queue without the token, and nothing with a wrong one', async () => {
    const { port, token } = await board().started
    const wrong = [
      '',
      'Bearer ',
      `Bearer ${token.slice(1)}`,
      `Bearer ${token}x`,
      `Basic ${token}`,
      `bearer ${token}`,
      `Proof ${'0'.repeat(32)}:${'0'.repeat(64)}`,
    ]
    for (const path of PATHS.filter(path => path.startsWith('/api') || path === '/nothing'))
      for (const Authorization of wrong) {
        const { status, body } = await ask(port, path, { headers: Authorization ? { Authorization } : {} })
        expect(status, `${Authorization} ${path}`).toBe(401)
        expect(body).not.toContain('tide')
      }
    for (const path of ['/', '/board.js', '/board.css', '/layout.js', '/icon.svg']) {
      const { status, body, headers } = await ask(port, path)
      expect(status).toBe(200)
      expect(body).not.toContain(token)
      expect(headers['set-cookie']).toBeUndefined()
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/)
      expect(headers).toMatchObject({
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
      })
    }
    // Neither in a cookie nor in the address.
    expect(
      (await ask(port, `/api/state?token=${token}`, { headers: { Cookie: `token=${token}` } })).status,
    ).toBe(401)
  })

  test('no change by GET or another method, no form, no unlimited body, no preflight of another origin', async () => {
    const { queue, started } = board()
    const { port, token } = await started
    const Authorization = `Bearer ${token}`
    const shown = { locked_by: null, locked_at: null, status: 'pending' }
    const claim = JSON.stringify({ verb: 'claim', id: 'WRK-1', shown })
    const json = { Authorization, 'Content-Type': 'application/json' }
    expect((await ask(port, '/api/act', { headers: json })).status).toBe(404)
    for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'])
      expect((await ask(port, '/api/act', { method, headers: json })).status, method).toBe(405)
    const preflight = await ask(port, '/api/act', {
      method: 'OPTIONS',
      headers: { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' },
    })
    expect(preflight.status).toBe(403)
    expect(Object.keys(preflight.headers).filter(name => name.startsWith('access-control'))).toEqual([])
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      '',
    ])
      expect(
        (
          await ask(port, '/api/act', {
            method: 'POST',
            headers: { Authorization, ...(type && { 'Content-Type': type }) },
            body: claim,
          })
        ).status,
        type,
      ).toBe(415)
    const large = JSON.stringify({ verb: 'new', title: 'x'.repeat(70_000) })
    expect((await ask(port, '/api/act', { method: 'POST', headers: json, body: large })).status).toBe(413)
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"verb":"rm"}',
      '{"verb":"claim","id":"../../x","shown":{"locked_by":null,"locked_at":null,"status":null}}',
      '{"verb":"claim","id":"WRK-1"}',
      '{"verb":"block","id":"WRK-1","force":true,"reason":"x","shown":{"locked_by":null,"locked_at":null,"status":"pending"}}',
    ])
      expect((await ask(port, '/api/act', { method: 'POST', headers: json, body })).status, body).toBe(400)
    expect(queue.lock('WRK-1').by).toBe('')
    expect(queue.exists('.wrk/events.jsonl') ? queue.events() : []).toEqual(
      expect.not.arrayContaining([expect.objectContaining({ type: 'granted' })]),
    )
    expect((await ask(port, '/api/act', { method: 'POST', headers: json, body: claim })).status).toBe(200)
    expect(queue.lock('WRK-1').by).toMatch(/^board-/)
  })

  test('ids only: no path leads to another file, and no link out of the queue is followed', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1') })
    const { symlinkSync, writeFileSync } = await import('node:fs')
    const outside = `${queue.home}/outside-2.md`
    writeFileSync(outside, item('WRK-2', { title: 'Outside' }))
    symlinkSync(outside, queue.path('WRK-2'))
    const { port, token } = await startBoard(queue)
    const headers = { Authorization: `Bearer ${token}` }
    for (const id of [
      '../session-state.yaml',
      '..%2F..%2Fetc%2Fpasswd',
      'pending/WRK-1',
      '/etc/passwd',
      'WRK-1.md%00',
      '',
    ])
      expect((await ask(port, `/api/item?id=${id}`, { headers })).status, id).toBe(400)
    const linked = await ask(port, '/api/item?id=WRK-2', { headers })
    expect(linked.body).not.toContain('Outside')
    for (const path of [
      '/../package.json',
      '/%2e%2e/package.json',
      '//etc/passwd',
      '/board.js/../x',
      '/pending/WRK-1.md',
    ])
      expect([400, 401, 404], path).toContain((await ask(port, path, { headers })).status)
  })

  test('more followers than 64 are refused', async () => {
    const { port, token } = await board().started
    const headers = { Authorization: `Bearer ${token}` }
    const open: ReturnType<typeof request>[] = []
    onTestFinished(() => {
      for (const one of open) one.destroy()
    })
    const statuses = await Promise.all(
      Array.from(
        { length: 66 },
        () =>
          new Promise<number>((settle, fail) => {
            const asked = request(
              { host: '127.0.0.1', port, path: '/api/changes?after=0', headers, agent: false },
              response => {
                response.on('error', () => undefined)
                response.resume()
                settle(response.statusCode ?? 0)
              },
            )
            asked.on('error', fail)
            asked.end()
            open.push(asked)
          }),
      ),
    )
    expect(statuses.filter(status => status === 503)).toHaveLength(2)
  })
})

describe('a second wrk board', () => {
  test('gives the address of the first, which proves to be it', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1') })
    const first = await startBoard(queue)
    const second = await queue.run('board --no-open --json', { session: null })
    expect(second.code).toBe(0)
    expect(second.json).toMatchObject({ ok: true, running: true, url: `http://127.0.0.1:${first.port}/` })
    expect(second.stdout + second.stderr).not.toContain(first.token)
  })

  test('does not trust, nor tell the token to, what else listens on that port', async () => {
    const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1') })
    const first = await startBoard(queue)
    const note = JSON.parse(queue.read('.wrk/board.json'))
    await first.end()
    const heard: string[] = []
    const stranger = createServer((asked, response) => {
      heard.push(`${asked.url} ${JSON.stringify(asked.headers)}`)
      response.end(JSON.stringify({ proof: '0'.repeat(64) }))
    })
    await new Promise<void>(settle => stranger.listen(note.port, '127.0.0.1', settle))
    onTestFinished(() => void stranger.close())
    // The note names a process that runs, this one, so that the stranger is asked.
    const { anchorOf } = await import('../support/sessions.ts')
    queue.write('.wrk/board.json', JSON.stringify({ ...note, ...anchorOf() }))
    const { chmodSync } = await import('node:fs')
    chmodSync(queue.path('.wrk/board.json'), 0o600)
    const second = await startBoard(queue)
    expect(heard).toHaveLength(1)
    expect(heard[0]).not.toContain(note.token)
    expect(second.port).not.toBe(first.port)
    expect(second.token).not.toBe(note.token)
  })
})

test('the token is in no argument list, and its file is for its user alone', async () => {
  const { queue, started } = board()
  const { pid, token } = await started
  const { readFileSync, readdirSync, statSync } = await import('node:fs')
  expect(token).toMatch(/^[\w-]{43}$/)
  expect(statSync(queue.path('.wrk/board.json')).mode & 0o777).toBe(0o600)
  for (const name of readdirSync('/proc').filter(name => /^\d+$/.test(name)))
    try {
      expect(readFileSync(`/proc/${name}/cmdline`, 'latin1')).not.toContain(token)
    } catch (error) {
      if (!(error instanceof Error && 'syscall' in error)) throw error
    }
  expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain(token)
})

test('a port that is taken is reported, and the next one is used where none was named', async () => {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1') })
  const first = await startBoard(queue)
  await first.end()
  const other = createServer()
  await new Promise<void>(settle => other.listen(first.port, '::1', settle))
  onTestFinished(() => void other.close())
  const taken = await queue.run(`board --no-open --port ${first.port}`)
  expect(taken.code).toBe(74)
  expect(taken.stderr).toContain(`port ${first.port} is taken`)
  const second = await startBoard(queue)
  expect(second.port).not.toBe(first.port)
})

test('the executable’s help names the board’s options', async () => {
  const queue = makeQueue({ 'pending/WRK-1.md': item('WRK-1') })
  const child = start(PROGRAM, [...FIRST, 'help', 'board'], { cwd: queue.home, env: cleanEnv(queue.home) })
  expect((await finished(child)).stdout).toContain('--export <file>')
})

/** What a claim asks of PostgreSQL: two statements once connected, however many records there are. */
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { openPostgresEngine } from '../../../src/coordination/postgres/postgres-engine.ts'
import type { EntryKey } from '../../../src/core/coordination/ref-name.ts'
import { record } from '../../support/coordination/engines.ts'
import { POSTGRES_BIN, postgresServer } from '../../support/coordination/servers.ts'

const FILL = `INSERT INTO wrk.entries (queue, kind, name, epoch, revision, state, record)
SELECT 'q', 'claims', 'other-' || i, 1, 'r', 'released', '{}' FROM generate_series(1, $1) AS i ON CONFLICT DO NOTHING`

test.skipIf(POSTGRES_BIN === null)('two statements, by the key, at 100 records and at 100,000', async () => {
  const { url } = await postgresServer()
  const engine = openPostgresEngine({ url, where: 'WRK_TEST_DATABASE', queue: 'q' })
  await engine.prepare()
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  for (const records of [100, 100_000]) {
    await admin.query(FILL, [records])
    await admin.query('ANALYZE wrk.entries')
    const key: EntryKey = { kind: 'claims', name: `wrk-${records}` }
    const asked = vi.spyOn(pg.Client.prototype, 'query')
    const expected = await engine.read(key)
    expect(await engine.compareAndSwap({ key, expected, record: record() })).toMatchObject({
      kind: 'applied',
    })
    expect(asked).toHaveBeenCalledTimes(2)
    asked.mockRestore()
    const plan = await admin.query(
      `EXPLAIN SELECT 1 FROM wrk.entries WHERE queue = 'q' AND kind = 'claims' AND name = 'x'`,
    )
    if (records > 100) expect(JSON.stringify(plan.rows)).toMatch(/Index (Only )?Scan/)
  }
  await admin.end()
  await engine.close()
})

/** What the live table of `wrk watch` shows below what is held: work that was left, and what is ready. */
import { expect, test } from 'vitest'
import { LiveTable } from '../../src/print/watch/live.ts'

const NOW = new Date('2026-02-16T12:00:00Z')
const screen = (height: number) => ({ width: 60, height, colour: false, isTerminal: true })

const offers = {
  left: [{ id: 'WRK-1', title: 'Begun', by: 'gone' }],
  ready: Array.from({ length: 9 }, (_, i) => ({ id: `WRK-${i + 2}`, title: `Title ${i}` })),
}

test('what was left comes first, and of what is ready as much as there is room for', () => {
  const live = new LiveTable('queue')
  live.offer(offers)
  expect(live.draw(screen(30), NOW)).toEqual([
    '0 held  queue',
    '',
    'No item is held.',
    'Begun and left: 1',
    '  WRK-1  Begun (left by gone)',
    'Ready: 9',
    '  WRK-2  Title 0',
    '  WRK-3  Title 1',
    '  WRK-4  Title 2',
    '  WRK-5  Title 3',
    '  WRK-6  Title 4',
    '  … and 4 more',
  ])
})

test('a low terminal shows no more lines than it has', () => {
  const live = new LiveTable('queue')
  live.offer(offers)
  for (let height = 4; height < 14; height++)
    expect(live.draw(screen(height), NOW).length).toBeLessThanOrEqual(height)
})

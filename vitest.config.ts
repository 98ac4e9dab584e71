import { defineConfig } from 'vitest/config'

/** What takes long: every interleaving, every crash point, storms, faults, and the long ways through a command. */
const SLOW = 'test/**/*.slow.test.ts'
const UNITS = ['test/{core,markdown}/**/*.test.ts']
/** What tries properties on generated cases: a tenth of them is enough for every run. */
const PROPERTIES = [...UNITS, 'test/cli/plain-line.test.ts']

export default defineConfig({
  test: {
    // Tests start real processes; two files at a time is what two cores carry.
    maxWorkers: 2,
    projects: [
      // What runs src in this process shares its modules: nothing there keeps state between files.
      { extends: true, test: { name: 'units', include: UNITS, exclude: [SLOW], isolate: false } },
      { extends: true, test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: [SLOW, ...UNITS] } },
      {
        extends: true,
        test: {
          name: 'slow',
          include: [SLOW],
          env: { WRK_TEST_PROCESSES: 'all' },
          // Half a minute on idle cores; a kill at each system call took three where ten others were at work.
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'properties',
          include: PROPERTIES,
          exclude: [SLOW],
          isolate: false,
          env: { WRK_TEST_RUNS: 'all' },
        },
      },
    ],
    // Generous, since a busy machine may be ten times slower: a test that hangs fails all the same.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})

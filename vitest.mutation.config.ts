import { defineConfig } from 'vitest/config'

/** What mutants are tried against: the tests that run src itself in this process, and are fast. */
export default defineConfig({
  test: {
    include: [
      'test/{core,markdown}/**/*.test.ts',
      'test/files/guard-alone.test.ts',
      'test/files/guarded-file.test.ts',
    ],
    env: { WRK_TEST_RUNS: 'all' },
    setupFiles: ['test/support/fixed-seed.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests start real processes; two files at a time is what two cores carry.
    maxWorkers: 2,
    // Generous, since a busy machine may be ten times slower: a test that hangs fails all the same.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})

/**
 * Mutation testing: changes the program in one place at a time and looks whether a test notices.
 * `npm run test:mutation -- -m src/core/claims/claim.ts` for one file; without a file, for all of `mutate`, which takes long.
 *
 * Stryker's own `testFiles` is not used: with it, mutants in what runs at import are never switched on (9.6.1).
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  mutate: [
    'src/core/**/*.ts',
    'src/markdown/**/*.ts',
    'src/store/files/guard.ts',
    'src/store/files/guarded-file.ts',
  ],
  coverageAnalysis: 'perTest',
  concurrency: 1,
  // On a busy machine, slow is not the same as endless.
  timeoutMS: 15_000,
  // Stryker rewrites tsconfig.json by a function that TypeScript 7 does not have; vitest reads no such file.
  tsconfigFile: 'none',
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: 'coverage/mutation.json' },
  tempDirName: 'coverage/stryker',
}

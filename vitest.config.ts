import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{architecture,cli,core,embedded,platform,surfaces}/**/*.spec.ts'],
    globalSetup: 'test/support/database-server.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: [
      'default',
      './test/support/skipped.reporter.ts',
      ['json', { outputFile: `test-results/${process.env.TEST_RESULTS ?? 'unit'}.json` }],
    ],
  },
});

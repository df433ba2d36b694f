import type { Reporter, TestCase } from 'vitest/node';

/** Names every test that was left out: on the embedded database, those that need several connections. */
export default class SkippedReporter implements Reporter {
  private readonly skipped: string[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.result().state === 'skipped') this.skipped.push(`${test.module.relativeModuleId}: ${test.fullName}`);
  }

  onTestRunEnd(): void {
    if (this.skipped.length === 0) return;
    const lines = this.skipped.map((name) => `  skipped  ${name}`);
    const why = 'These need a PostgreSQL with several connections; set TEST_DATABASE_URL or install one to run them:';
    process.stdout.write(`\n${[why, ...lines].join('\n')}\n`);
  }
}

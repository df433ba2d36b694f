import pg from 'pg';

/** The statements that reach PostgreSQL while `work` runs, on every connection of this process, in order. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const original = prototype.query;
  prototype.query = function (this: unknown, ...args: unknown[]) {
    const [query] = args as [string | { text: string }];
    statements.push(typeof query === 'string' ? query : query.text);
    return original.apply(this, args);
  };
  try {
    await work();
  } finally {
    prototype.query = original;
  }
  // The mail queue and the keys are looked at in the background, and what is sent goes into the inbox.
  const background = ['outgoing_mails SET', 'inbox_mails', 'signing_keys'];
  return statements.filter((text) => !background.some((table) => text.includes(table)));
}

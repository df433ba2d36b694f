import { readdirSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../migrations/index.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { join } from '../support/people.js';
import { isEmbedded, startService, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  // In development the inbox is part of the application, and so is its table.
  service = await startService({ NODE_ENV: 'development' });
});
afterAll(() => service.close());

describe('migrations', () => {
  it('leave no difference between the schema and the entities', async () => {
    const changes = await service.get(DataSource).driver.createSchemaBuilder().log();
    expect(changes.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('are each in the list, in the order of their files', () => {
    const files = readdirSync('migrations').filter((file) => /^\d{4}-.*\.ts$/.test(file));
    expect(migrations).toHaveLength(files.length);
    const names = migrations.map((type) => new type().name);
    expect(names).toEqual(names.toSorted((one, other) => Number(one.slice(-13)) - Number(other.slice(-13))));
    expect(new Set(names).size).toBe(names.length);
  });

  it('go forward only', async () => {
    for (const type of migrations) {
      await expect(Promise.resolve().then(() => new type().down())).rejects.toThrow('migrations go forward only');
    }
  });

  it.skipIf(isEmbedded)(
    'run again on a filled database do nothing, also when several instances start at once',
    async () => {
      const { user } = await join(service);
      const url = service.variables.DATABASE_URL ?? '';
      expect(await Promise.all([migrate({ url }), migrate({ url }), migrate({ url })])).toEqual([[], [], []]);
      expect(await service.sql('SELECT email FROM users')).toEqual([{ email: user.email }]);
    },
  );
});

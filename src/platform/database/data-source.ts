import type { PGlite } from '@electric-sql/pglite';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { migrations } from '../../../migrations/index.js';

/** A PostgreSQL to connect to, or an embedded one that is open already. */
export type DatabaseTarget = { url: string } | { embedded: PGlite };

/** Milliseconds. A request that cannot be answered within these is better refused: the caller can try again. */
const TIMEOUTS = { connect: 3_000, connectEmbedded: 10_000, statement: 5_000, idleInTransaction: 10_000 } as const;

const POOL_SIZE = 16;

/** The one definition of the connection, for the service and for its tests. */
export async function dataSourceOptions(target: DatabaseTarget): Promise<DataSourceOptions> {
  return {
    type: 'postgres',
    migrations,
    migrationsTableName: 'migrations',
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    applicationName: 'ostiary',
    extra: {
      ...(await connection(target, POOL_SIZE)),
      // Of the embedded one's single connection this is the time to wait for one's turn.
      connectionTimeoutMillis: 'url' in target ? TIMEOUTS.connect : TIMEOUTS.connectEmbedded,
      query_timeout: TIMEOUTS.statement,
      statement_timeout: TIMEOUTS.statement,
      idle_in_transaction_session_timeout: TIMEOUTS.idleInTransaction,
      keepAlive: true,
    },
  };
}

/** A data source of one connection and no time limits, to migrate with; the caller destroys it. */
export async function migratingDataSource(target: DatabaseTarget): Promise<DataSource> {
  const options = await dataSourceOptions(target);
  const extra = { ...(await connection(target, 1)), connectionTimeoutMillis: TIMEOUTS.connect };
  return new DataSource({ ...options, extra }).initialize();
}

async function connection(target: DatabaseTarget, poolSize: number): Promise<object> {
  if ('url' in target) return { connectionString: target.url, max: poolSize };
  const { createPgConfig } = await import('@electric-sql/pglite/node-postgres');
  // The embedded server is a single session: a second connection would share its transactions.
  return { ...createPgConfig(target.embedded), max: 1 };
}

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';

/** A statement with a name: the server parses it once for each connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/**
 * Plain SQL for the hot paths and for statements that decide a race. Values are always parameters; rows come back as
 * objects by column name.
 */
@Injectable()
export class Statements {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** With `tx`, the statement takes part in that transaction. */
  async run<Row extends object>(statement: Statement, values: unknown[], tx?: EntityManager): Promise<Row[]> {
    if (tx === undefined) {
      const pool = (this.dataSource.driver as unknown as { master: Pool }).master;
      return (await pool.query<Row>({ ...statement, values })).rows;
    }
    const runner = tx.queryRunner;
    if (runner === undefined) throw new Error('a transaction was given that has no connection');
    return ((await runner.query(statement.text, values, true)) as { records: Row[] }).records;
  }
}

import { Controller, Get, HttpCode, Res } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { FastifyReply } from 'fastify';
import { MigrationExecutor, type DataSource } from 'typeorm';
import { Public } from '../http/access.js';

type Readiness = { status: 'ready' } | { status: 'unavailable'; reason: 'database' | 'migrations' };

/** For orchestrators and load balancers: whether the process runs, and whether it can serve. */
@Controller('health')
export class HealthController {
  private migrated = false;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  @Get('live')
  @Public()
  @HttpCode(200)
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  @Get('ready')
  @Public()
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const reason = await this.unavailability();
    if (reason === undefined) return { status: 'ready' };
    void reply.status(503).header('retry-after', '5');
    return { status: 'unavailable', reason };
  }

  private async unavailability(): Promise<'database' | 'migrations' | undefined> {
    try {
      await this.dataSource.query('SELECT 1');
      // A schema never goes back, so once it is complete it stays so for this process.
      this.migrated ||= (await new MigrationExecutor(this.dataSource).getPendingMigrations()).length === 0;
      return this.migrated ? undefined : 'migrations';
    } catch {
      return 'database';
    }
  }
}

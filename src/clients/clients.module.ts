import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LimitsModule } from '../limits/limits.module.js';
import { ServiceClient } from './service-client.entity.js';
import { ServiceClientSecret } from './service-client-secret.entity.js';
import { ServiceClientsService } from './service-clients.service.js';

@Module({
  imports: [LimitsModule, TypeOrmModule.forFeature([ServiceClient, ServiceClientSecret])],
  providers: [ServiceClientsService],
  exports: [ServiceClientsService],
})
export class ClientsModule {}

import { randomUUID, timingSafeEqual } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource, EntityManager } from 'typeorm';
import { LimitsService } from '../limits/limits.service.js';
import { digest, randomCredential } from '../platform/crypto/secrets.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import type { ClientScope, ServiceClient } from './service-client.entity.js';

export { CLIENT_SCOPES } from './service-client.entity.js';
export type { ClientScope, ServiceClient };

/** A client as an operator sees it: never with a secret. */
export interface ClientReport extends ServiceClient {
  /** Newest first. */
  secrets: { createdAt: Date; expiresAt: Date | null; lastUsedAt: Date | null }[];
}

/** A client with the secret that it just got; nobody can read it again. */
export interface IssuedClient {
  client: ServiceClient;
  secret: string;
}

/** Milliseconds between two notes that a secret is in use. */
const TOUCH_EVERY_MS = 300_000;

/** What no secret hashes to, for the same work where there is no client. */
const NOTHING = Buffer.alloc(32);

const COLUMNS = 'c.id, c.name, c.scopes, c.created_at AS "createdAt"';

const INSERT: Statement = {
  name: 'client-insert',
  text: `INSERT INTO service_clients (id, name, scopes, created_at) VALUES ($1, $2, $3, $4)`,
};

const FIND: Statement = {
  name: 'client-find',
  text: `SELECT ${COLUMNS} FROM service_clients c WHERE c.id = $1 FOR UPDATE`,
};

const LIST: Statement = {
  name: 'client-list',
  text: `SELECT ${COLUMNS}, s.created_at AS "secretCreatedAt", s.expires_at AS "expiresAt", s.last_used_at AS "lastUsedAt"
         FROM service_clients c LEFT JOIN service_client_secrets s ON s.client_id = c.id
         ORDER BY c.created_at, c.id, s.created_at DESC`,
};

const SECRETS: Statement = {
  name: 'client-secrets',
  text: `SELECT ${COLUMNS}, s.id AS "secretId", s.secret_hash AS "secretHash", s.last_used_at AS "lastUsedAt"
         FROM service_clients c JOIN service_client_secrets s ON s.client_id = c.id
         WHERE c.id = $1 AND (s.expires_at IS NULL OR s.expires_at > $2)`,
};

const INSERT_SECRET: Statement = {
  name: 'client-secret-insert',
  text: `INSERT INTO service_client_secrets (id, client_id, secret_hash, created_at) VALUES ($1, $2, $3, $4)`,
};

/** Two at most: whatever was ending already ends now. */
const DROP_ENDING: Statement = {
  name: 'client-secret-drop',
  text: `DELETE FROM service_client_secrets WHERE client_id = $1 AND (expires_at IS NOT NULL OR $2)`,
};

const LET_END: Statement = {
  name: 'client-secret-end',
  text: `UPDATE service_client_secrets SET expires_at = $2 WHERE client_id = $1`,
};

const TOUCH: Statement = {
  name: 'client-secret-touch',
  text: `UPDATE service_client_secrets SET last_used_at = $2 WHERE id = $1`,
};

const REMOVE: Statement = { name: 'client-remove', text: `DELETE FROM service_clients WHERE id = $1 RETURNING id` };

/** The services that may ask about tokens, and how they prove who they are. */
@Injectable()
export class ServiceClientsService {
  private readonly logger = new Logger(ServiceClientsService.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly statements: Statements,
    private readonly limits: LimitsService,
  ) {}

  create(name: string, scopes: readonly ClientScope[]): Promise<IssuedClient> {
    const client: ServiceClient = {
      id: randomUUID(),
      name,
      scopes: [...new Set(scopes)],
      createdAt: new Date(),
    };
    return this.dataSource.transaction(async (tx) => {
      await this.statements.run(INSERT, [client.id, client.name, client.scopes, client.createdAt], tx);
      return { client, secret: await this.issue(client.id, tx) };
    });
  }

  async list(): Promise<ClientReport[]> {
    const clients = new Map<string, ClientReport>();
    for (const row of await this.statements.run<ListRow>(LIST, [])) {
      const { secretCreatedAt, expiresAt, lastUsedAt, ...client } = row;
      const report = clients.get(row.id) ?? { ...client, secrets: [] };
      if (secretCreatedAt !== null) report.secrets.push({ createdAt: secretCreatedAt, expiresAt, lastUsedAt });
      clients.set(row.id, report);
    }
    return [...clients.values()];
  }

  /**
   * A new secret; the one before is good for so many seconds more, and one that was ending already is not good any
   * more. `null` for a client that there is not.
   */
  rotate(id: string, overlap: number): Promise<IssuedClient | null> {
    return this.dataSource.transaction(async (tx) => {
      const [client] = await this.statements.run<ServiceClient>(FIND, [id], tx);
      if (client === undefined) return null;
      await this.statements.run(DROP_ENDING, [id, overlap === 0], tx);
      await this.statements.run(LET_END, [id, new Date(Date.now() + overlap * 1000)], tx);
      return { client, secret: await this.issue(id, tx) };
    });
  }

  /** Whether there was one. */
  async remove(id: string): Promise<boolean> {
    return (await this.statements.run(REMOVE, [id])).length > 0;
  }

  /**
   * `null` for an unknown client and for a wrong secret alike, after the same work. Wrong secrets are counted, and past
   * the limit answered `too_many_requests`; a right one is not, since it is too long to be guessed.
   */
  async authenticate(id: string, secret: string): Promise<ServiceClient | null> {
    const presented = digest(secret);
    // A text that no column can hold is nobody's id.
    const isPossible = id.isWellFormed() && !id.includes('\0');
    const rows = isPossible ? await this.statements.run<SecretRow>(SECRETS, [id, new Date()]) : [];
    let found: SecretRow | null = null;
    for (const row of rows) if (timingSafeEqual(row.secretHash, presented)) found = row;
    if (rows.length === 0) timingSafeEqual(NOTHING, presented);
    if (found === null) {
      await this.limits.count('client', id);
      return null;
    }
    await this.touch(found);
    const { id: clientId, name, scopes, createdAt } = found;
    return { id: clientId, name, scopes, createdAt };
  }

  private async issue(clientId: string, tx: EntityManager): Promise<string> {
    const secret = randomCredential();
    await this.statements.run(INSERT_SECRET, [randomUUID(), clientId, digest(secret), new Date()], tx);
    return secret;
  }

  private async touch({ secretId, lastUsedAt }: SecretRow): Promise<void> {
    if (lastUsedAt !== null && Date.now() - lastUsedAt.getTime() < TOUCH_EVERY_MS) return;
    await this.statements
      .run(TOUCH, [secretId, new Date()])
      .catch((error: unknown) => this.logger.warn(`the use of a secret was not noted: ${String(error)}`));
  }
}

interface ListRow extends ServiceClient {
  secretCreatedAt: Date | null;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

interface SecretRow extends ServiceClient {
  secretId: string;
  secretHash: Buffer;
  lastUsedAt: Date | null;
}

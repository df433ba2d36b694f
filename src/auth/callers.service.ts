import { Injectable, Logger } from '@nestjs/common';
import { Failure } from '../failure.js';
import { Statements, type Statement } from '../platform/database/statements.js';
import { SessionsService } from '../tokens/sessions.service.js';
import { TokenCodec, type TokenClaims } from '../tokens/token-codec.js';
import { User, userColumns } from '../users/user.entity.js';
import { bearerToken } from './authorization-header.js';

/** Who an access token says is calling, as the database has it now. */
export interface Caller {
  user: User;
  session: { id: string };
}

/** Milliseconds between two notes that a session is in use. */
const TOUCH_EVERY_MS = 300_000;

const CALLER: Statement = {
  name: 'caller',
  text: `SELECT ${userColumns('u')}, s.ended_at AS "endedAt", s.expires_at AS "expiresAt", s.last_used_at AS "lastUsedAt"
         FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.id = $1`,
};

interface CallerRow extends User {
  endedAt: Date | null;
  expiresAt: Date;
  lastUsedAt: Date;
}

/** Asks the database about every token anew: what was ended anywhere is ended here, at once. */
@Injectable()
export class CallersService {
  private readonly logger = new Logger(CallersService.name);

  constructor(
    private readonly statements: Statements,
    private readonly sessions: SessionsService,
    private readonly codec: TokenCodec,
  ) {}

  /** Throws `account_gone`, `account_not_active`, `access_token_invalid`. */
  async find({ sid, sub }: TokenClaims): Promise<Caller> {
    const [row] = await this.statements.run<CallerRow>(CALLER, [sid]);
    // A token does not outlive its session's row, unless the account went and took the row along.
    if (row === undefined) throw new Failure('account_gone');
    const { endedAt, expiresAt, lastUsedAt, ...user } = row;
    if (user.publicId !== sub) throw new Failure('access_token_invalid');
    if (user.state !== 'active') throw new Failure('account_not_active');
    if (endedAt !== null || expiresAt <= new Date()) throw new Failure('access_token_invalid');
    if (Date.now() - lastUsedAt.getTime() > TOUCH_EVERY_MS) await this.touch(sid);
    return { user: Object.assign(new User(), user), session: { id: sid } };
  }

  /**
   * Who an `Authorization` header says is calling, where its access token may have expired as long as the session has
   * not. Throws `not_authenticated`, `malformed_authorization_header`, `access_token_…`, `account_gone`,
   * `account_not_active`.
   */
  async identify(header: string | undefined): Promise<Caller> {
    const token = bearerToken(header);
    if (token === null) throw new Failure('not_authenticated');
    const read = await this.codec.read(token, 'access', { evenIfExpired: true });
    if (read.outcome === 'wrong_type') throw new Failure('access_token_of_wrong_type');
    if (read.outcome !== 'good') throw new Failure('access_token_invalid');
    return this.find(read.claims);
  }

  private async touch(sid: string): Promise<void> {
    await this.sessions
      .touch(sid)
      .catch((error: unknown) => this.logger.warn(`the use of a session was not noted: ${String(error)}`));
  }
}

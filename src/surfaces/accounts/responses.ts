import { ApiProperty } from '@nestjs/swagger';
import type { LoginOutcome } from '../../auth/login.service.js';
import type { Person } from '../../profile/profile.service.js';
import type { SessionTokens } from '../../tokens/sessions.service.js';
import type { HistoryPage } from '../../users/history.service.js';
import type { User } from '../../users/user.entity.js';
import { timestamp } from '../kit/drf/timestamp.js';
import type { ProfileBody } from './requests.js';

export class MessageResponse {
  @ApiProperty({ example: 'Password changed successfully.' })
  msg!: string;
}

/** A message with a pair of tokens beside it. */
export class TokensResponse {
  @ApiProperty({ example: ' Congrats some_username your credentials verfied.' })
  msg!: string;

  @ApiProperty({ example: 'lkdfldf.dflkdlfk.sldkdf' })
  access_token!: string;

  @ApiProperty({ example: 'dflkdaoier.dlkdf.oer' })
  refresh_token!: string;

  static ofLogin({ user, tokens }: LoginOutcome): TokensResponse {
    return {
      msg: ` Congrats ${user.username ?? user.email} your credentials verfied.`,
      access_token: tokens.access,
      refresh_token: tokens.refresh,
    };
  }
}

/** One pair, under the names of this surface and under those of Simple JWT. */
export class RefreshResponse {
  @ApiProperty({ example: 'ACCESS_TOKEN' })
  access!: string;

  @ApiProperty({ example: 'REFRESH_TOKEN' })
  refresh!: string;

  @ApiProperty({ example: 'ACCESS_TOKEN' })
  access_token!: string;

  @ApiProperty({ example: 'REFRESH_TOKEN' })
  refresh_token!: string;

  static of({ access, refresh }: SessionTokens): RefreshResponse {
    return { access, refresh, access_token: access, refresh_token: refresh };
  }
}

export class HistoryEvent {
  @ApiProperty({ type: 'integer', example: 7 })
  id!: number;

  @ApiProperty({ example: 'login' })
  event!: string;

  @ApiProperty({ type: String, nullable: true, example: '203.0.113.7' })
  ip_address!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0' })
  user_agent!: string | null;

  @ApiProperty({ format: 'date-time', example: '2025-09-11T07:00:00Z' })
  created_at!: string;

  static of({ id, event, ip, userAgent, createdAt }: HistoryPage['events'][number]): HistoryEvent {
    return { id: Number(id), event, ip_address: ip, user_agent: userAgent, created_at: timestamp(createdAt) };
  }
}

export class HistoryResponse {
  @ApiProperty({ type: [HistoryEvent], description: 'The newest first.' })
  history!: HistoryEvent[];

  @ApiProperty({ type: 'integer', example: 1, description: 'How many there are on all pages.' })
  count!: number;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'The address of the next page.' })
  next!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'The address of the page before.' })
  previous!: string | null;
}

export class DashboardData {
  @ApiProperty({ type: 'integer', example: 1 })
  id!: number;

  @ApiProperty({ type: String, nullable: true, example: 'some_username' })
  username!: string | null;

  @ApiProperty({ example: 'user@example.com' })
  email!: string;

  @ApiProperty({ example: true })
  is_active!: boolean;

  @ApiProperty({ example: true })
  is_verified!: boolean;

  @ApiProperty({ format: 'date-time', example: '2025-09-11T07:00:00Z' })
  date_joined!: string;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', example: '2025-09-12T07:00:00Z' })
  last_login!: string | null;

  @ApiProperty({ type: [HistoryEvent], description: 'The last ten, the newest first.' })
  history!: HistoryEvent[];
}

export class DashboardResponse {
  @ApiProperty({ example: 'Welcome to dashboard' })
  msg!: string;

  @ApiProperty()
  data!: DashboardData;

  static of(user: User, { events }: HistoryPage): DashboardResponse {
    const data = {
      id: user.id,
      username: user.username,
      email: user.email,
      is_active: user.state === 'active',
      is_verified: user.emailVerifiedAt !== null,
      date_joined: timestamp(user.createdAt),
      last_login: user.lastLoginAt === null ? null : timestamp(user.lastLoginAt),
      history: events.map((event) => HistoryEvent.of(event)),
    };
    return { msg: 'Welcome to dashboard', data };
  }
}

/** A profile as it is answered: what nobody told is an empty string; `picture` is the whole URL. */
export function profileBody({ profile }: Person, picture: string | null): ProfileBody {
  const { country, profession, bio, thoughts } = profile;
  return { country, profession, bio, thoughts, profile_img: picture ?? '' };
}

import { ApiProperty } from '@nestjs/swagger';
import type { SessionTokens } from '../../tokens/sessions.service.js';
import { fullNameOf } from '../../users/full-name.js';
import type { User } from '../../users/user.entity.js';

export class UserResponse {
  @ApiProperty({ type: 'integer', example: 1 })
  id!: number;

  @ApiProperty({ example: 'user@example.com' })
  email!: string;

  @ApiProperty({ example: 'Jane Doe' })
  name!: string;

  static of(user: Pick<User, 'id' | 'email' | 'firstName' | 'lastName'>): UserResponse {
    return { id: user.id, email: user.email, name: fullNameOf(user) };
  }
}

export class TokenPairResponse {
  @ApiProperty({ example: 'REFRESH_TOKEN' })
  refresh!: string;

  @ApiProperty({ example: 'ACCESS_TOKEN' })
  access!: string;

  static of({ refresh, access }: SessionTokens): TokenPairResponse {
    return { refresh, access };
  }
}

export class AccessTokenResponse {
  @ApiProperty({ example: 'ACCESS_TOKEN' })
  access!: string;
}

/** No news is good news. */
export class EmptyResponse {}

import { ApiProperty } from '@nestjs/swagger';
import type { SessionTokens } from '../../tokens/sessions.service.js';
import { fullNameOf } from '../../users/full-name.js';
import type { User } from '../../users/user.entity.js';

const TOKEN_TYPE = 'bearer';

/** A user as this surface names one: whoever has no username goes by the e-mail address. */
function usernameOf({ username, email }: User): string {
  return username ?? email;
}

export class AccessTokenResponse {
  @ApiProperty({ example: 'ACCESS_TOKEN' })
  token!: string;

  @ApiProperty({ type: 'integer', example: 604_800, description: 'Seconds.' })
  expires_in!: number;

  @ApiProperty({ example: TOKEN_TYPE })
  token_type!: string;
}

export class RefreshTokenResponse {
  @ApiProperty({ example: 'REFRESH_TOKEN' })
  token!: string;

  @ApiProperty({ type: 'integer', example: 31_536_000, description: 'Seconds.' })
  expires_in!: number;

  @ApiProperty({ example: TOKEN_TYPE })
  token_type!: string;
}

export class LoginResponse {
  @ApiProperty({ example: 'john' })
  username!: string;

  @ApiProperty()
  access_token!: AccessTokenResponse;

  @ApiProperty()
  refresh_token!: RefreshTokenResponse;

  static of(user: User, tokens: SessionTokens): LoginResponse {
    return {
      username: usernameOf(user),
      access_token: { token: tokens.access, expires_in: tokens.accessExpiresIn, token_type: TOKEN_TYPE },
      refresh_token: { token: tokens.refresh, expires_in: tokens.refreshExpiresIn, token_type: TOKEN_TYPE },
    };
  }
}

/** RFC 6749, section 5.1. */
export class TokenResponse {
  @ApiProperty({ example: 'ACCESS_TOKEN' })
  access_token!: string;

  @ApiProperty({ type: 'integer', example: 604_800, description: 'Seconds.' })
  expires_in!: number;

  @ApiProperty({ example: TOKEN_TYPE })
  token_type!: string;

  static of({ access, accessExpiresIn }: SessionTokens): TokenResponse {
    return { access_token: access, expires_in: accessExpiresIn, token_type: TOKEN_TYPE };
  }
}

/** What the document shows, in its order, and what its server sends besides. */
export class UserResponse {
  @ApiProperty({ type: 'integer', example: 1 })
  id!: number;

  @ApiProperty({ example: 'john' })
  username!: string;

  @ApiProperty({ example: 'john@example.com' })
  email!: string;

  @ApiProperty({ example: 'John Doe' })
  name!: string;

  @ApiProperty({ example: false })
  is_superuser!: boolean;

  @ApiProperty({ example: true })
  is_active!: boolean;

  @ApiProperty({ type: String, nullable: true, example: null })
  profile_image_url!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: null })
  tier_id!: number | null;

  static of(user: User, picture: string | null): UserResponse {
    return {
      id: user.id,
      username: usernameOf(user),
      email: user.email,
      name: fullNameOf(user),
      is_superuser: user.role === 'Admin',
      is_active: user.state === 'active',
      profile_image_url: picture,
      tier_id: null,
    };
  }
}

export class MessageResponse {
  @ApiProperty({ example: 'Logged out successfully.' })
  message!: string;
}

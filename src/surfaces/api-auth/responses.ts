import { ApiProperty } from '@nestjs/swagger';
import type { LoginOutcome } from '../../auth/login.service.js';
import type { SessionTokens } from '../../tokens/sessions.service.js';
import type { Role, User } from '../../users/user.entity.js';
import { timestamp } from '../kit/drf/timestamp.js';

/** Every user object of this surface: always all ten fields. */
export class UserResponse {
  @ApiProperty({ format: 'uuid', example: 'f91e1c9a-94a7-4e44-8b29-8a0a6a4445ef' })
  id!: string;

  @ApiProperty({ example: 'john@example.com' })
  email!: string;

  @ApiProperty({ type: String, nullable: true, example: 'johnny' })
  username!: string | null;

  @ApiProperty({ example: 'John' })
  first_name!: string;

  @ApiProperty({ example: 'Doe' })
  last_name!: string;

  @ApiProperty({ example: true })
  is_active!: boolean;

  @ApiProperty({ enum: ['Viewer', 'Manager', 'Admin'], example: 'Viewer' })
  role!: Role;

  @ApiProperty({ type: String, nullable: true, example: null })
  avatar!: string | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  phone_number!: string | null;

  @ApiProperty({ format: 'date-time', example: '2025-09-11T07:00:00Z' })
  date_joined!: string;

  static of(user: User): UserResponse {
    return {
      id: user.publicId,
      email: user.email,
      username: user.username,
      first_name: user.firstName,
      last_name: user.lastName,
      is_active: user.state === 'active',
      role: user.role,
      avatar: user.picture,
      phone_number: user.phoneNumber,
      date_joined: timestamp(user.createdAt),
    };
  }
}

export class MessageResponse {
  @ApiProperty({ example: 'User created successfully. Please check your email for verification link.' })
  message!: string;
}

export class DetailResponse {
  @ApiProperty({ example: 'Successfully logged out.' })
  detail!: string;
}

export class TokenPairResponse {
  @ApiProperty({ example: 'ACCESS_TOKEN' })
  access!: string;

  @ApiProperty({ example: 'REFRESH_TOKEN' })
  refresh!: string;

  static of({ access, refresh }: SessionTokens): TokenPairResponse {
    return { access, refresh };
  }
}

export class LoginResponse {
  @ApiProperty({ example: 'REFRESH_TOKEN' })
  refresh!: string;

  @ApiProperty({ example: 'ACCESS_TOKEN' })
  access!: string;

  @ApiProperty()
  user!: UserResponse;

  static of({ tokens, user }: LoginOutcome): LoginResponse {
    return { refresh: tokens.refresh, access: tokens.access, user: UserResponse.of(user) };
  }
}

export const VERIFIED = 'Email verified successfully. You are now logged in.';
export const RESET = 'Password reset successful. You are now logged in.';

/** The answer of a link that signs in. */
export class LinkLoginResponse {
  @ApiProperty({ example: VERIFIED })
  detail!: string;

  @ApiProperty({ example: 'ACCESS_TOKEN' })
  token!: string;

  @ApiProperty({ example: 'ACCESS_TOKEN', description: 'The same as `token`, under the name it has at login.' })
  access!: string;

  @ApiProperty({ example: 'REFRESH_TOKEN' })
  refresh!: string;

  @ApiProperty()
  user!: UserResponse;

  static of(detail: string, { tokens, user }: LoginOutcome): LinkLoginResponse {
    const { access, refresh } = tokens;
    return { detail, token: access, access, refresh, user: UserResponse.of(user) };
  }
}

export class ResetLoginResponse extends LinkLoginResponse {
  @ApiProperty({ type: String, example: RESET })
  override detail = RESET;
}

import { ApiProperty } from '@nestjs/swagger';
import type { LoginOutcome } from '../../auth/login.service.js';
import type { User } from '../../users/user.entity.js';
import { shownPhoneNumber } from './phone-number.js';

export class SignupResponse {
  @ApiProperty({ example: 'admin@admin.com' })
  email!: string;

  @ApiProperty({ example: '15487711' })
  phoneNumber!: string;
}

export class TokensResponse {
  @ApiProperty({ example: 'REFRESH_TOKEN' })
  refresh!: string;

  @ApiProperty({ example: 'ACCESS_TOKEN' })
  access!: string;

  static of({ tokens: { refresh, access } }: LoginOutcome): TokensResponse {
    return { refresh, access };
  }
}

export class EmailResponse {
  @ApiProperty({ example: 'admin@admin.com' })
  email!: string;
}

export class MessageResponse {
  @ApiProperty({ example: 'Successfully changed password.' })
  message!: string;
}

export class SuccessResponse {
  @ApiProperty({ example: 'Successfully changed password for lavrenovichae@gmail.com.' })
  success!: string;
}

export class SessionTokenResponse {
  @ApiProperty({ example: 'TynWuwurQ7oZKImtynKggGoKFK5TiXdh' })
  sessionToken!: string;
}

export class SettingsResponse {
  @ApiProperty({ example: 'admin@admin.com' })
  email!: string;

  @ApiProperty({ example: 'Admin' })
  firstName!: string;

  @ApiProperty({ example: 'Adminovich' })
  lastName!: string;

  @ApiProperty({ example: '15487711' })
  phoneNumber!: string;

  static of({ email, firstName, lastName, phoneNumber }: User): SettingsResponse {
    return { email, firstName, lastName, phoneNumber: shownPhoneNumber(phoneNumber) };
  }
}

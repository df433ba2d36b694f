import { Email, Password } from '../kit/drf/credentials.js';
import { File, Loose, Text } from '../kit/drf/fields.js';
import type { UploadedFile } from '../kit/forms.js';
import { ANY_FORMAT, Reads } from '../kit/input.js';

export class RegisterRequest {
  @Email()
  email!: string;

  @Text({ example: 'johnny', required: false, nullable: true, blank: true, max: 150 })
  username?: string | null;

  @Text({ example: 'John', required: false, blank: true, max: 150 })
  first_name?: string;

  @Text({ example: 'Doe', required: false, blank: true, max: 150 })
  last_name?: string;

  @Text({ example: '+441632960961', required: false, nullable: true, blank: true, max: 20 })
  phone_number?: string | null;

  @Password({ min: 8, max: 128 })
  password!: string;

  @Password()
  confirm_password!: string;
}

export class VerifyEmailQuery {
  @Loose({ example: '9b97a59c0532143380f2d4503d0ab20b', description: 'The token of the mailed link.' })
  token?: unknown;
}

export class VerifyEmailRequest {
  @Loose({
    example: '9b97a59c0532143380f2d4503d0ab20b',
    description: 'The token of the mailed link, unless it is in the query.',
  })
  token?: unknown;
}

export class LoginRequest {
  @Text({ example: 'john@example.com' })
  email!: string;

  @Password()
  password!: string;
}

export class RefreshRequest {
  @Text({ example: 'REFRESH_TOKEN' })
  refresh!: string;
}

export class LogoutRequest {
  @Loose({ example: 'REFRESH_TOKEN', description: 'The live refresh token of this session. Required.' })
  refresh?: unknown;
}

export class PasswordResetRequest {
  @Loose({ example: 'john@example.com', description: 'Required; whatever it is, the answer is the same.' })
  email?: unknown;
}

export class PasswordResetConfirmRequest {
  @Loose({ example: 'RESET_TOKEN', description: 'The token of the mailed link. Required.' })
  token?: unknown;

  @Loose({ example: 'newpassword123', description: 'The new password, 8 to 128 characters. Required.' })
  password?: unknown;
}

/** The rules of `password` there, looked at once the token is known to be good. */
export class NewPassword {
  @Password({ min: 8, max: 128 })
  password!: string;
}

/** Any body is read, and only this kind can have a file in it. */
@Reads({ ...ANY_FORMAT, mediaTypes: ['multipart/form-data'] })
export class AvatarRequest {
  @File({ description: 'A PNG, JPEG, WebP or GIF of at most 5 MB.' })
  avatar!: UploadedFile;
}

import { Email, Password } from '../kit/drf/credentials.js';
import { Loose, Text } from '../kit/drf/fields.js';

const UID = 'MQ';
const TOKEN = 'c3g3vj-abc123...';

function Name(): PropertyDecorator {
  return Text({ example: 'Jane Doe', required: false, blank: true, max: 255 });
}

function CurrentPassword(): PropertyDecorator {
  return Password({ example: 'your-password' });
}

export class CreateUserRequest {
  @Email('user@example.com')
  email!: string;

  @Name()
  name?: string;

  @Password({ example: 'secure-password-123' })
  password!: string;

  @Password({ example: 'secure-password-123' })
  re_password!: string;
}

/** The address is not among what may be written: it changes with the password or by mail. */
export class UpdateUserRequest {
  @Name()
  name?: string;
}

export class DeleteUserRequest {
  @CurrentPassword()
  current_password!: string;
}

export class UserPath {
  @Loose({
    example: '1',
    description: 'The number of an account: for anything but a refusal, your own.',
    required: true,
  })
  id?: unknown;
}

export class ActivationRequest {
  @Text({ example: UID })
  uid!: string;

  @Text({ example: TOKEN })
  token!: string;
}

export class EmailRequest {
  @Email('user@example.com')
  email!: string;
}

export class SetPasswordRequest {
  @Password({ example: 'new-secure-password' })
  new_password!: string;

  @Password({ example: 'new-secure-password', required: false })
  re_new_password?: string;

  @CurrentPassword()
  current_password!: string;
}

export class ResetPasswordConfirmRequest {
  @Text({ example: UID })
  uid!: string;

  @Text({ example: TOKEN })
  token!: string;

  @Password({ example: 'new-secure-password' })
  new_password!: string;

  @Password({ example: 'new-secure-password', required: false })
  re_new_password?: string;
}

export class SetEmailRequest {
  @Email('newemail@example.com')
  new_email!: string;

  @Text({ example: 'newemail@example.com', required: false })
  re_new_email?: string;

  @CurrentPassword()
  current_password!: string;
}

/** What is missing of the link here is a wrong link. */
export class ResetEmailConfirmRequest {
  @Loose({ example: UID, description: 'Of the mailed link. Required.' })
  uid?: unknown;

  @Loose({ example: TOKEN, description: 'Of the mailed link. Required.' })
  token?: unknown;

  @Email('newemail@example.com')
  new_email!: string;

  @Text({ example: 'newemail@example.com', required: false })
  re_new_email?: string;
}

export class JwtCreateRequest {
  @Text({ example: 'user@example.com' })
  email!: string;

  @Password({ example: 'secure-password-123' })
  password!: string;
}

export class JwtRefreshRequest {
  @Text({ example: 'REFRESH_TOKEN' })
  refresh!: string;
}

export class JwtVerifyRequest {
  @Text({ example: 'ACCESS_TOKEN', description: 'A token of either kind.' })
  token!: string;
}

import { Email, Password } from '../kit/drf/credentials.js';
import { Text } from '../kit/drf/fields.js';

const EMAIL = 'admin@admin.com';
const PASSWORD = 'strongpassword123';
const NEW_PASSWORD = 'newpassword123';

/** What later front ends call the repetition of a password, whichever it is. */
const CONFIRMATION = ['confirmationPassword', 'confirmation_password'];

function PhoneNumber(): PropertyDecorator {
  return Text({ example: '15487711', required: false, max: 16, aliases: ['phone_number'] });
}

function NewPassword(): PropertyDecorator {
  return Password({ example: NEW_PASSWORD, max: 128, aliases: ['new_password'] });
}

function NewPasswordAgain(limits: { max?: number } = {}): PropertyDecorator {
  return Password({
    example: NEW_PASSWORD,
    aliases: ['new_password_2', 'new_password2', ...CONFIRMATION],
    ...limits,
  });
}

export class SignupRequest {
  @Email(EMAIL)
  email!: string;

  @PhoneNumber()
  phoneNumber?: string;

  @Password({ example: PASSWORD, max: 128 })
  password!: string;

  @Password({ example: PASSWORD, aliases: ['password_2', ...CONFIRMATION] })
  password2!: string;
}

export class LoginRequest {
  @Text({ example: EMAIL })
  email!: string;

  @Password({ example: PASSWORD })
  password!: string;
}

export class ChangeEmailRequest {
  @Email(EMAIL)
  email!: string;
}

export class ChangePasswordRequest {
  @Password({ example: PASSWORD, max: 128 })
  password!: string;

  @NewPassword()
  newPassword!: string;

  @NewPasswordAgain({ max: 128 })
  newPassword2!: string;
}

export class ResetCodeQuery {
  @Email(EMAIL)
  email!: string;
}

export class ResetCodeRequest {
  @Email(EMAIL)
  email!: string;

  @Text({ example: '123456' })
  code!: string;
}

export class ResetPasswordRequest {
  @Email(EMAIL)
  email!: string;

  @Text({ example: 'TynWuwurQ7oZKImtynKggGoKFK5TiXdh', aliases: ['session_token'] })
  sessionToken!: string;

  @NewPassword()
  newPassword!: string;

  @NewPasswordAgain()
  newPassword2!: string;
}

export class SettingsRequest {
  @Text({ example: 'Admin', required: false, blank: true, max: 150, aliases: ['first_name'] })
  firstName?: string;

  @Text({ example: 'Adminovich', required: false, blank: true, max: 150, aliases: ['last_name'] })
  lastName?: string;

  @PhoneNumber()
  phoneNumber?: string;
}

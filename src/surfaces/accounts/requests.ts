import { ApiSchema } from '@nestjs/swagger';
import { Email, Password } from '../kit/drf/credentials.js';
import { Loose, Text } from '../kit/drf/fields.js';
import type { UploadedFile } from '../kit/forms.js';
import { ProfileImage } from './profile-image.js';

const EMAIL = 'user@example.com';

/** Django's own rule. */
const USERNAME = /^[\p{L}\p{N}_.@+-]+$/u;

/** Where the mailed link leads; whether it may is for `AccountRules` to say. */
function VerificationBaseUrl(): PropertyDecorator {
  return Text({
    example: 'https://app.example.com/activation',
    description:
      'Where the mailed link leads, at an origin of a front end of this service. `{uid}` (or `{uidb64}`) and `{token}` ' +
      'are filled in; without `{token}`, the link ends in `/<uidb64>/<token>/`.',
    required: false,
    blank: true,
  });
}

@ApiSchema({ name: 'Registration' })
export class RegistrationRequest {
  @Text({
    example: 'some_username',
    max: 150,
    rule: {
      name: 'username',
      test: (text) => USERNAME.test(text),
      message: 'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
    },
  })
  username!: string;

  @Email(EMAIL)
  email!: string;

  @Password({ max: 128 })
  password!: string;

  @Password()
  confirm_password!: string;

  @VerificationBaseUrl()
  verification_base_url?: string;
}

@ApiSchema({ name: 'Email' })
export class EmailRequest {
  @Email(EMAIL)
  email!: string;

  @VerificationBaseUrl()
  verification_base_url?: string;
}

@ApiSchema({ name: 'Login' })
export class LoginRequest {
  @Email(EMAIL)
  email!: string;

  @Password()
  password!: string;
}

export class RefreshRequest {
  @Text({ example: 'REFRESH_TOKEN', aliases: ['refresh_token'] })
  refresh!: string;
}

@ApiSchema({ name: 'ChangePassword' })
export class ChangePasswordRequest {
  @Password()
  old_password!: string;

  @Password({ max: 128, example: 'newpassword123' })
  new_password!: string;

  @Password({ example: 'newpassword123' })
  confirm_password!: string;
}

@ApiSchema({ name: 'SetNewPassword' })
export class SetNewPasswordRequest {
  @Password({ max: 128, example: 'newpassword123' })
  new_password!: string;

  @Password({ example: 'newpassword123' })
  confirm_password!: string;
}

/** What is sent to change a profile, and what is answered: one schema, as in the source document. */
@ApiSchema({ name: 'ProfileSerailizer' })
export class ProfileBody {
  @Text({ example: 'Nepal', required: false, blank: true, max: 100 })
  country?: string;

  @Text({ example: 'Software engineer', required: false, blank: true, max: 100 })
  profession?: string;

  @Text({ example: 'I build things.', required: false, blank: true, max: 1000 })
  bio?: string;

  @Text({ example: 'Keep it simple.', required: false, blank: true, max: 1000 })
  thoughts?: string;

  @ProfileImage()
  profile_img?: string | UploadedFile;
}

/** The two last segments of a mailed link. */
export class LinkPath {
  @Loose({ example: 'MQ', required: true, description: 'The account: base64url of its number.' })
  uidb64?: unknown;

  @Loose({ example: '9b97a59c0532143380f2d4503d0ab20b', required: true, description: 'The secret of the mailed link.' })
  token?: unknown;
}

export class HistoryQuery {
  @Loose({ example: '1', description: 'The page, from 1.' })
  page?: unknown;
}

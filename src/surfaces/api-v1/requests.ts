import { Loose } from '../kit/drf/fields.js';
import { FormBody, ForbidsExtra, JsonBody } from '../kit/fastapi/bodies.js';
import { FormText, Integer, Text } from '../kit/fastapi/fields.js';

/** FastAPI's `OAuth2PasswordRequestForm`. */
@FormBody()
export class LoginRequest {
  @FormText({ example: 'password', required: false, pattern: '^password$' })
  grant_type?: string;

  @FormText({ example: 'john', description: 'A username or an e-mail address.' })
  username!: string;

  @FormText({ example: 'strongpassword123', document: { format: 'password' } })
  password!: string;

  @FormText({ example: '', required: false, description: 'Taken, and not looked at.' })
  scope?: string;

  @FormText({ example: '', required: false, description: 'Taken, and not looked at.' })
  client_id?: string;

  @FormText({ example: '', required: false, description: 'Taken, and not looked at.' })
  client_secret?: string;
}

@JsonBody()
export class RefreshRequest {
  @Text({ example: 'REFRESH_TOKEN' })
  token!: string;

  @Integer({ example: 31_536_000, required: false, description: 'Taken, and not looked at.' })
  expires_in?: number;

  @Text({ example: 'bearer', required: false, description: 'Taken, and not looked at.' })
  token_type?: string;
}

@JsonBody()
@ForbidsExtra()
export class ResetPasswordRequest {
  @Text({ example: 'RESET_TOKEN', description: 'The token of the mailed link.' })
  token!: string;

  @Text({ example: 'newpassword123', max: 128, document: { format: 'password' } })
  new_password!: string;
}

export class RecoveryPath {
  @Loose({ example: 'john@example.com', description: 'Whatever it is, the answer is the same.', required: true })
  email?: unknown;
}

import { Loose, Text } from '../kit/drf/fields.js';

const TOKEN = '9b97a59c0532143380f2d4503d0ab20b';

export class LinkQuery {
  @Loose({ example: TOKEN })
  token?: unknown;
}

export class ConfirmEmailForm {
  @Loose({ example: TOKEN })
  token?: unknown;
}

export class ResetPasswordForm {
  @Loose({ example: TOKEN })
  token?: unknown;

  @Text({ example: 'newpassword123', required: false, blank: true, trim: false })
  password?: string;

  @Text({ example: 'newpassword123', required: false, blank: true, trim: false })
  repeated?: string;
}

export class ResetEmailForm {
  @Loose({ example: TOKEN })
  token?: unknown;

  @Text({ example: 'new@example.com', required: false, blank: true })
  email?: string;
}

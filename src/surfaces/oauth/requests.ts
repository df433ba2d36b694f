import { Text } from '../kit/drf/fields.js';

const HINT = 'Taken for what it is: the token itself says of which kind it is.';

export class TokenRequest {
  @Text({ example: 'ACCESS_TOKEN', trim: false, description: 'An access token or a refresh token.' })
  token!: string;

  @Text({ example: 'access_token', required: false, blank: true, description: HINT })
  token_type_hint?: string;
}

export class ExplainRequest {
  @Text({ example: 'ACCESS_TOKEN', trim: false, description: 'Whatever somebody took for a token of ours.' })
  token!: string;
}

export class EventsQuery {
  @Text({ example: '1042-17', required: false, blank: true, description: 'The cursor of the answer before.' })
  after?: string;
}

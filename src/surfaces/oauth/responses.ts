import { ApiProperty } from '@nestjs/swagger';
import type { ActiveToken } from '../../auth/introspection.service.js';
import type { Explanation, ExplanationCode } from '../../auth/explanation.service.js';
import type { PublicJwk } from '../../tokens/key-ring.js';

const KID = 'K9KqSPzvSVB8u4-ZZ_yJTmVhqzxEIPbYHlhvvbLoTYA';
const URL = 'https://auth.example.com';
const UUID = 'f91e1c9a-94a7-4e44-8b29-8a0a6a4445ef';
const METHODS = ['client_secret_basic', 'client_secret_post'];

export class JwkResponse implements PublicJwk {
  @ApiProperty({ example: 'EC' })
  kty!: string;

  @ApiProperty({ example: 'P-256' })
  crv!: string;

  @ApiProperty({ example: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4' })
  x!: string;

  @ApiProperty({ example: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM' })
  y!: string;

  @ApiProperty({ example: KID, description: 'The thumbprint of the key (RFC 7638).' })
  kid!: string;

  @ApiProperty({ enum: ['sig'], example: 'sig' })
  use!: 'sig';

  @ApiProperty({ example: 'ES256' })
  alg!: string;
}

export class JwkSetResponse {
  @ApiProperty({
    type: [JwkResponse],
    example: [
      {
        kty: 'EC',
        crv: 'P-256',
        x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
        y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
        kid: KID,
        use: 'sig',
        alg: 'ES256',
      },
    ],
  })
  keys!: JwkResponse[];
}

/** RFC 8414. Nobody gets a token from this service by OAuth, so it lists no response types and no grants. */
export class MetadataResponse {
  @ApiProperty({ example: URL })
  issuer!: string;

  @ApiProperty({ example: `${URL}/.well-known/jwks.json` })
  jwks_uri!: string;

  @ApiProperty({ example: `${URL}/docs` })
  service_documentation!: string;

  @ApiProperty({ type: [String], example: [] })
  response_types_supported!: string[];

  @ApiProperty({ type: [String], example: [] })
  grant_types_supported!: string[];

  @ApiProperty({ example: `${URL}/oauth/introspect` })
  introspection_endpoint!: string;

  @ApiProperty({ type: [String], example: METHODS })
  introspection_endpoint_auth_methods_supported!: string[];

  @ApiProperty({ example: `${URL}/oauth/revoke` })
  revocation_endpoint!: string;

  @ApiProperty({ type: [String], example: METHODS })
  revocation_endpoint_auth_methods_supported!: string[];

  static of({ name, url }: { name: string; url: string }): MetadataResponse {
    return {
      issuer: name,
      jwks_uri: `${url}/.well-known/jwks.json`,
      service_documentation: `${url}/docs`,
      response_types_supported: [],
      grant_types_supported: [],
      introspection_endpoint: `${url}/oauth/introspect`,
      introspection_endpoint_auth_methods_supported: METHODS,
      revocation_endpoint: `${url}/oauth/revoke`,
      revocation_endpoint_auth_methods_supported: METHODS,
    };
  }
}

/** RFC 7662. Of a token that is not active, `active` is all there is. */
export class IntrospectionResponse {
  @ApiProperty({ example: true })
  active!: boolean;

  @ApiProperty({
    enum: ['access', 'refresh'],
    required: false,
    example: 'access',
    description: 'Whoever is shown a token at the door lets in `access` only.',
  })
  token_use?: 'access' | 'refresh';

  @ApiProperty({ required: false, example: 'Bearer', description: 'Of access tokens.' })
  token_type?: 'Bearer';

  @ApiProperty({ required: false, example: URL })
  iss?: string;

  @ApiProperty({ required: false, example: URL })
  aud?: string;

  @ApiProperty({ required: false, format: 'uuid', example: UUID, description: 'The account, for good.' })
  sub?: string;

  @ApiProperty({ required: false, format: 'uuid', example: '0b0f5b44-6a43-4a0a-9d7c-3b5f4d1c2e11' })
  sid?: string;

  @ApiProperty({ required: false, example: '5f2b8c1d9e3a7f604b5c6d7e00000000' })
  jti?: string;

  @ApiProperty({ required: false, example: 1_763_600_000 })
  iat?: number;

  @ApiProperty({ required: false, example: 1_763_601_800 })
  exp?: number;

  @ApiProperty({ required: false, example: UUID, description: 'The id that the surface of the login shows.' })
  user_id?: string;

  @ApiProperty({
    enum: ['Viewer', 'Manager', 'Admin'],
    required: false,
    example: 'Viewer',
    description: 'Of access tokens: the role that the account has now.',
  })
  role?: string;

  static of(token: ActiveToken | null, issuer: string): IntrospectionResponse {
    if (token === null) return { active: false };
    const { sub, sid, jti, iat, exp, user_id } = token.claims;
    const common = { iss: issuer, aud: issuer, sub, sid, jti, iat, exp, user_id };
    if (token.kind === 'refresh') return { active: true, token_use: 'refresh', ...common };
    return { active: true, token_use: 'access', token_type: 'Bearer', ...common, role: token.user.role };
  }
}

/** Says nothing, whether there was something to revoke or not. */
export class RevocationResponse {}

export class ExplanationResponse {
  @ApiProperty({ example: false, description: 'Whether the token would be let in, or exchanged.' })
  good!: boolean;

  @ApiProperty({ type: String, example: 'session_ended', description: 'Stable; `good` for a good one.' })
  code!: ExplanationCode;

  @ApiProperty({ example: 'Its session ended at 2026-01-01T12:00:00.000Z: the password was changed.' })
  description!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    example: { at: '2026-01-01T12:00:00.000Z', reason: 'password_change' },
  })
  details!: object;

  static of({ code, details }: Explanation, description: string): ExplanationResponse {
    return { good: code === 'good', code, description, details };
  }
}

export class EventsResponse {
  @ApiProperty({ type: [String], example: ['SECURITY_EVENT_TOKEN'], description: 'In order; typ is `secevent+jwt`.' })
  sets!: string[];

  @ApiProperty({ example: '1042-17', description: 'Opaque. For `after` of the next request.' })
  cursor!: string;

  @ApiProperty({ example: false, description: 'Whether there is more already.' })
  more!: boolean;
}

import type { SecurityEvent } from '../../tokens/security-events.service.js';
import { cursorOf } from '../../tokens/security-events.service.js';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type';

/** What happened, under the names of CAEP and RISC; keys have none there. */
const TYPES: Readonly<Record<SecurityEvent['event'], string>> = {
  session_ended: `${CAEP}/session-revoked`,
  credential_changed: `${CAEP}/credential-change`,
  account_disabled: `${RISC}/account-disabled`,
  account_erased: `${RISC}/account-purged`,
  key_revoked: 'urn:ostiary:event-type:signing-key-revoked',
};

/** The claims of an event's token (RFC 8417); the same whenever it is made. */
export function securityEventClaims(
  event: SecurityEvent,
  issuer: string,
): { jti: string; iat: number; sub_id?: object; events: object } {
  const { event: name, subject, sessionId, kid, reason, createdAt } = event;
  const at = Math.floor(createdAt.getTime() / 1000);
  const user = subject === null ? undefined : { format: 'iss_sub', iss: issuer, sub: subject };
  const session = sessionId === null ? undefined : { format: 'opaque', id: sessionId };
  const subjectId = session === undefined ? user : { format: 'complex', user, session };
  return {
    jti: cursorOf(event),
    iat: at,
    ...(subjectId === undefined ? {} : { sub_id: subjectId }),
    events: {
      [TYPES[name]]: {
        event_timestamp: at,
        ...(name === 'credential_changed' ? { credential_type: 'password', change_type: 'update' } : {}),
        ...(reason === null || name === 'credential_changed' ? {} : { reason_admin: { en: reason } }),
        ...(kid === null ? {} : { kid }),
      },
    },
  };
}

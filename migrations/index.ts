import { Users1763600000001 } from './0001-users.js';
import { Profiles1763600000002 } from './0002-profiles.js';
import { Sessions1763600000003 } from './0003-sessions.js';
import { OneTimeTokens1763600000004 } from './0004-one-time-tokens.js';
import { OutgoingMails1763600000005 } from './0005-outgoing-mails.js';
import { SigningKeys1763600000006 } from './0006-signing-keys.js';
import { InboxMails1763600000007 } from './0007-inbox-mails.js';
import { HistoryAndAddresses1763600000008 } from './0008-history-and-addresses.js';
import { Pictures1763600000009 } from './0009-pictures.js';
import { ServiceToService1763600000010 } from './0010-service-to-service.js';
import { RateLimits1763600000011 } from './0011-rate-limits.js';

/** Every migration, oldest first; a later one is added at the end and none is ever changed. */
export const migrations = [
  Users1763600000001,
  Profiles1763600000002,
  Sessions1763600000003,
  OneTimeTokens1763600000004,
  OutgoingMails1763600000005,
  SigningKeys1763600000006,
  InboxMails1763600000007,
  HistoryAndAddresses1763600000008,
  Pictures1763600000009,
  ServiceToService1763600000010,
  RateLimits1763600000011,
];

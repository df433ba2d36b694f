import { ask, createClient } from './clients.js';
import { join, PASSWORD, register, someone } from './people.js';
import { codeIn, type ReceivedMail } from './smtp.js';
import type { Answered, Service } from './service.js';

/** How often a race is run. `npm run test:races` asks for more, and for figures. */
export const ROUNDS = Number(process.env.ROUNDS ?? 5);
export const SHOWS_FIGURES = process.env.ROUNDS !== undefined;

/** Something that opens a door once or for a while, and what has to be known to present it. */
export interface Secret {
  value: string;
  /** Of its owner; `uid` as links carry it. */
  email: string;
  uid: string;
  /** The access token of the same session, where there is one. */
  access?: string;
}

export interface Kind {
  name: string;
  purpose: Purpose;
  /** For somebody new. */
  issue(service: Service): Promise<Secret>;
}

/** A secret that is good once. */
export interface OneTimeKind extends Kind {
  /** Seconds. */
  life: number;
  /** A newer one of the same purpose, for the same account. */
  renew(service: Service, old: Secret): Promise<Secret>;
}

/** A route that takes a secret. */
export interface Place {
  name: string;
  /** What it is there for; anything else is refused. */
  accepts: readonly Purpose[];
  present: (service: Service, secret: Secret) => Promise<Answered>;
}

/** A route that a secret is used up at. */
export interface OneTimePlace extends Place {
  kind: OneTimeKind;
  /** What the one success leaves in the account's history. */
  event?: string;
}

type RefreshPurpose = `refresh ${Surface}`;
type Purpose =
  'verify' | 'reset' | 'code' | 'session' | 'reset email' | 'confirm email' | 'access' | 'inert' | RefreshPurpose;

const SURFACES = ['000', '001', '002', '003', '004'] as const;
type Surface = (typeof SURFACES)[number];

const HOUR = 3_600;
const DAY = 24 * HOUR;
const NEW = 'newpassword123';

async function mailedBy(service: Service, email: string, ask: () => Promise<Answered>): Promise<ReceivedMail> {
  const before = service.smtp.to(email).length;
  const answer = await ask();
  if (answer.status >= 300) throw new Error(`no mail was asked for: ${answer.status} ${JSON.stringify(answer.body)}`);
  return service.smtp.next(email, before + 1);
}

function secretIn({ text }: ReceivedMail): string {
  const [, token] = /[?&]token=([0-9a-f]{32})\b/.exec(text) ?? [];
  if (token === undefined) throw new Error(`no secret in: ${text}`);
  return token;
}

async function owned(service: Service, email: string, value: string): Promise<Secret> {
  const [row] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [email]);
  return { value, email, uid: Buffer.from(String(row?.id)).toString('base64url') };
}

/** A link that is mailed to whoever asks for it at this route. */
const link =
  (method: string, path: (email: string) => string, body: (email: string) => object | undefined) =>
  async (service: Service, email: string): Promise<Secret> => {
    const ask = (): Promise<Answered> => service.request(method, path(email), { body: body(email) });
    return owned(service, email, secretIn(await mailedBy(service, email, ask)));
  };

const post = (path: string, body: (email: string) => object): ReturnType<typeof link> => link('POST', () => path, body);

const newcomer = (ask: ReturnType<typeof link>) => (service: Service) => ask(service, someone());
const again = (ask: ReturnType<typeof link>) => (service: Service, old: Secret) => ask(service, old.email);
const member = (ask: ReturnType<typeof link>) => async (service: Service) =>
  ask(service, (await join(service)).user.email);

const activationAgain001 = again(post('/accounts/api/get/acctivation/token/', (email) => ({ email })));
const activationAgain003 = again(post('/auth/users/resend_activation/', (email) => ({ email })));

const registered000 = newcomer(
  post('/api/auth/register/', (email) => ({ email, password: PASSWORD, confirm_password: PASSWORD })),
);

const registered001 = newcomer(
  post('/accounts/api/registration/', (email) => ({
    email,
    username: email.replace('@', '.'),
    password: PASSWORD,
    confirm_password: PASSWORD,
  })),
);

const registered003 = newcomer(post('/auth/users/', (email) => ({ email, password: PASSWORD, re_password: PASSWORD })));

const reset000 = post('/api/auth/password-reset/', (email) => ({ email }));
const reset001 = post('/accounts/api/forget/password/', (email) => ({ email }));
const reset002 = link(
  'POST',
  (email) => `/api/v1/auth/password-recovery/${encodeURIComponent(email)}`,
  () => undefined,
);
const reset003 = post('/auth/users/reset_password/', (email) => ({ email }));
const resetEmail = post('/auth/users/reset_email/', (email) => ({ email }));

async function code(service: Service, email: string): Promise<Secret> {
  const path = `/api/auth/reset-password/?email=${encodeURIComponent(email)}`;
  return owned(service, email, codeIn(await mailedBy(service, email, () => service.request('GET', path))));
}

async function sessionToken(service: Service, email: string): Promise<Secret> {
  const { value } = await code(service, email);
  const body = { email, code: value };
  const answer = await service.request<{ sessionToken: string }>('POST', '/api/auth/reset-password/', { body });
  return owned(service, email, answer.body.sessionToken);
}

/** Where discovery is hidden, a new address is confirmed by a mail to it. */
async function otherEmail(service: Service, { email, access = '' }: Secret): Promise<Secret> {
  const other = someone();
  const ask = (): Promise<Answered> =>
    service.request('PATCH', '/api/auth/change-email/', { token: access, body: { email: other } });
  return { ...(await owned(service, email, secretIn(await mailedBy(service, other, ask)))), access };
}

const verify000: OneTimeKind = {
  name: '000 verification',
  purpose: 'verify',
  life: DAY,
  issue: registered000,
  renew: activationAgain001,
};
const verify001: OneTimeKind = {
  name: '001 activation',
  purpose: 'verify',
  life: 3 * DAY,
  issue: registered001,
  renew: activationAgain001,
};
const verify003: OneTimeKind = {
  name: '003 activation',
  purpose: 'verify',
  life: 3 * DAY,
  issue: registered003,
  renew: activationAgain003,
};
const reset = (name: string, life: number, ask: ReturnType<typeof link>): OneTimeKind => ({
  name,
  purpose: 'reset',
  life,
  issue: member(ask),
  renew: again(ask),
});
const resetOf000 = reset('000 reset', HOUR, reset000);
const resetOf001 = reset('001 reset', HOUR, reset001);
const resetOf002 = reset('002 recovery', DAY, reset002);
const resetOf003 = reset('003 reset', 3 * DAY, reset003);
const resetEmailOf003: OneTimeKind = {
  name: '003 reset of the address',
  purpose: 'reset email',
  life: 3 * DAY,
  issue: member(resetEmail),
  renew: again(resetEmail),
};
const codeOf004: OneTimeKind = {
  name: '004 code',
  purpose: 'code',
  life: 600,
  issue: member(code),
  renew: again(code),
};
const sessionTokenOf004: OneTimeKind = {
  name: '004 session token',
  purpose: 'session',
  life: 600,
  issue: member(sessionToken),
  renew: again(sessionToken),
};

/** Mailed only where discovery is hidden. */
export const confirmEmail: OneTimeKind = {
  name: 'confirmation of a new address',
  purpose: 'confirm email',
  life: DAY,
  issue: async (service) => {
    const { user, access } = await join(service);
    return otherEmail(service, { email: user.email, access, uid: '', value: '' });
  },
  renew: otherEmail,
};

export const ONE_TIME_KINDS: readonly OneTimeKind[] = [
  verify000,
  verify001,
  verify003,
  resetOf000,
  resetOf001,
  resetOf002,
  resetOf003,
  resetEmailOf003,
  codeOf004,
  sessionTokenOf004,
];

interface Pair {
  access: string;
  refresh: string;
}

/** A login of each surface, as its clients do it. */
const LOGINS: Readonly<Record<Surface, (service: Service, email: string) => Promise<Pair>>> = {
  '000': async (service, email) => {
    const body = { email, password: PASSWORD };
    return (await service.request<Pair>('POST', '/api/auth/login/', { body })).body;
  },
  '001': async (service, email) => {
    const body = { email, password: PASSWORD };
    const answer = await service.request<Record<string, string>>('POST', '/accounts/api/login/', { body });
    return { access: answer.body.access_token!, refresh: answer.body.refresh_token! };
  },
  '002': async (service, username) => {
    const body = new URLSearchParams({ username, password: PASSWORD });
    const answer = await service.request<Record<string, { token: string }>>('POST', '/api/v1/auth/login', { body });
    return { access: answer.body.access_token!.token, refresh: answer.body.refresh_token!.token };
  },
  '003': async (service, email) => {
    const body = { email, password: PASSWORD };
    return (await service.request<Pair>('POST', '/auth/jwt/create/', { body })).body;
  },
  '004': async (service, email) => {
    const body = { email, password: PASSWORD };
    return (await service.request<Pair>('POST', '/api/auth/get-token/', { body })).body;
  },
};

async function logIn(surface: Surface, service: Service): Promise<Secret & Pair> {
  const { email } = (await join(service)).user;
  const pair = await LOGINS[surface](service, email);
  return { ...(await owned(service, email, '')), ...pair };
}

/** What is answered where a surface has to name tokens and nobody has proven anything. */
async function inert(service: Service, name: 'access_token' | 'refresh_token'): Promise<Secret> {
  const email = someone();
  await register(service, email);
  const path = '/accounts/api/get/acctivation/token/';
  const answer = await service.request<Record<string, string>>('POST', path, { body: { email } });
  return owned(service, email, answer.body[name]!);
}

export const TOKEN_KINDS: readonly Kind[] = [
  ...SURFACES.flatMap((surface): Kind[] => [
    {
      name: `${surface} access token`,
      purpose: 'access',
      issue: async (service) => {
        const secret = await logIn(surface, service);
        return { ...secret, value: secret.access };
      },
    },
    {
      name: `${surface} refresh token`,
      purpose: `refresh ${surface}`,
      issue: async (service) => {
        const secret = await logIn(surface, service);
        return { ...secret, value: secret.refresh };
      },
    },
  ]),
  { name: '001 inert access token', purpose: 'inert', issue: (service) => inert(service, 'access_token') },
  { name: '001 inert refresh token', purpose: 'inert', issue: (service) => inert(service, 'refresh_token') },
];

type Body = (secret: Secret) => object;

const takes =
  (method: string, path: string | ((secret: Secret) => string), body?: Body): Place['present'] =>
  (service, secret) =>
    service.request(method, typeof path === 'string' ? path : path(secret), { body: body?.(secret) });

const form =
  (fields: (secret: Secret) => Record<string, string>): Body =>
  (secret) =>
    new URLSearchParams(fields(secret));
const inQuery =
  (path: string) =>
  ({ value }: Secret) =>
    `${path}?${new URLSearchParams({ token: value }).toString()}`;
const inPath =
  (path: string) =>
  ({ uid, value }: Secret) =>
    `${path}${uid}/${encodeURIComponent(value)}/`;

const pageOf = (name: string): string => `/account/${name}`;

/** Whatever their secret is, of each purpose there is a page and as many routes as surfaces know it. */
export const ONE_TIME_PLACES: readonly OneTimePlace[] = [
  ...(
    [
      ['000 GET verify-email', verify000, takes('GET', inQuery('/api/auth/verify-email/'))],
      ['000 POST verify-email', verify000, takes('POST', '/api/auth/verify-email/', ({ value }) => ({ token: value }))],
      ['001 verify/token', verify001, takes('POST', inPath('/accounts/api/verify/token/'))],
      [
        '003 activation',
        verify003,
        takes('POST', '/auth/users/activation/', ({ uid, value }) => ({ uid, token: value })),
      ],
      [
        'page verify-email',
        verify000,
        takes(
          'POST',
          pageOf('verify-email'),
          form(({ value }) => ({ token: value })),
        ),
      ],
    ] as const
  ).map(([name, kind, present]): OneTimePlace => ({ name, kind, accepts: ['verify'], event: 'activation', present })),
  ...(
    [
      [
        '000 password-reset/confirm',
        resetOf000,
        takes('POST', '/api/auth/password-reset/confirm/', ({ value }) => ({ token: value, password: NEW })),
      ],
      [
        '001 set/new/forget/password',
        resetOf001,
        takes('POST', inPath('/accounts/api/set/new/forget/password/'), () => ({
          new_password: NEW,
          confirm_password: NEW,
        })),
      ],
      [
        '002 reset-password',
        resetOf002,
        takes('POST', '/api/v1/auth/reset-password', ({ value }) => ({ token: value, new_password: NEW })),
      ],
      [
        '003 reset_password_confirm',
        resetOf003,
        takes('POST', '/auth/users/reset_password_confirm/', ({ uid, value }) => ({
          uid,
          token: value,
          new_password: NEW,
          re_new_password: NEW,
        })),
      ],
      [
        'page reset-password',
        resetOf000,
        takes(
          'POST',
          pageOf('reset-password'),
          form(({ value }) => ({ token: value, password: NEW, repeated: NEW })),
        ),
      ],
    ] as const
  ).map(([name, kind, present]): OneTimePlace => ({
    name,
    kind,
    accepts: ['reset'],
    event: 'password_reset',
    present,
  })),
  {
    name: '003 reset_email_confirm',
    kind: resetEmailOf003,
    accepts: ['reset email'],
    event: 'email_change',
    present: (service, { uid, value }) => {
      const body = { uid, token: value, new_email: someone() };
      return service.request('POST', '/auth/users/reset_email_confirm/', { body });
    },
  },
  {
    name: 'page reset-email',
    kind: resetEmailOf003,
    accepts: ['reset email'],
    event: 'email_change',
    present: takes(
      'POST',
      pageOf('reset-email'),
      form(({ value }) => ({ token: value, email: someone() })),
    ),
  },
  {
    name: '004 POST reset-password',
    kind: codeOf004,
    accepts: ['code'],
    present: takes('POST', '/api/auth/reset-password/', ({ email, value }) => ({ email, code: value })),
  },
  {
    name: '004 PATCH reset-password',
    kind: sessionTokenOf004,
    accepts: ['session'],
    event: 'password_reset',
    present: takes('PATCH', '/api/auth/reset-password/', ({ email, value }) => ({
      email,
      sessionToken: value,
      newPassword: NEW,
      newPassword2: NEW,
    })),
  },
  {
    name: 'page confirm-email',
    kind: confirmEmail,
    accepts: ['confirm email'],
    event: 'email_change',
    present: takes(
      'POST',
      pageOf('confirm-email'),
      form(({ value }) => ({ token: value })),
    ),
  },
];

/** The pages that show a form for a good secret, and change nothing. */
const LOOKS: readonly Place[] = (
  [
    ['verify-email', 'verify'],
    ['reset-password', 'reset'],
    ['reset-email', 'reset email'],
    ['confirm-email', 'confirm email'],
  ] as const
).map(([page, purpose]) => ({
  name: `page ${page}, looked at`,
  accepts: [purpose],
  present: takes('GET', inQuery(pageOf(page))),
}));

const REFRESH_PURPOSES = SURFACES.map((surface): RefreshPurpose => `refresh ${surface}`);

/** Whatever it is asked about, it answers; what is not active is as good as refused. */
const introspection: Place['present'] = async (service, { value }) => {
  const { authorization } = await createClient(service, 'introspect');
  const answer = await ask(service, 'introspect', { token: value }, authorization);
  return answer.status === 200 && answer.body.active !== true ? { ...answer, status: 400 } : answer;
};

const asBearer =
  (path: string): Place['present'] =>
  (service, { value }) =>
    service.request('GET', path, { token: value });

/** Who asks where a route wants to know that, and the secret names nobody. */
async function caller(service: Service, { access }: Secret): Promise<string> {
  return access ?? (await join(service)).access;
}

const TOKEN_PLACES: readonly Place[] = [
  ...(
    [
      ['000 me', '/api/auth/me/'],
      ['001 get/profile', '/accounts/api/get/profile/'],
      ['002 me', '/api/v1/auth/me'],
      ['003 users/me', '/auth/users/me/'],
      ['004 settings', '/api/users/settings/'],
    ] as const
  ).map(([name, path]): Place => ({ name, accepts: ['access'], present: asBearer(path) })),
  {
    name: '000 and 004 token/refresh',
    accepts: ['refresh 000', 'refresh 004'],
    present: takes('POST', '/api/auth/token/refresh/', ({ value }) => ({ refresh: value })),
  },
  {
    name: '001 token/refresh',
    accepts: ['refresh 001'],
    present: takes('POST', '/accounts/api/token/refresh/', ({ value }) => ({ refresh: value })),
  },
  {
    name: '002 refresh',
    accepts: ['refresh 002'],
    present: async (service, secret) =>
      service.request('POST', '/api/v1/auth/refresh', {
        token: await caller(service, secret),
        body: { token: secret.value },
      }),
  },
  {
    name: '002 refresh by cookie',
    accepts: ['refresh 002'],
    present: (service, { value }) =>
      service.request('POST', '/api/v1/auth/refresh', { headers: { cookie: `refresh_token=${value}` } }),
  },
  {
    name: '003 jwt/refresh',
    accepts: ['refresh 003'],
    present: takes('POST', '/auth/jwt/refresh/', ({ value }) => ({ refresh: value })),
  },
  {
    name: '003 jwt/verify',
    accepts: ['access', 'refresh 003'],
    present: takes('POST', '/auth/jwt/verify/', ({ value }) => ({ token: value })),
  },
  { name: 'introspection', accepts: ['access', ...REFRESH_PURPOSES], present: introspection },
  {
    name: '000 logout',
    accepts: REFRESH_PURPOSES,
    present: async (service, secret) =>
      service.request('POST', '/api/auth/logout/', {
        token: await caller(service, secret),
        body: { refresh: secret.value },
      }),
  },
];

export const PLACES: readonly Place[] = [...ONE_TIME_PLACES, ...LOOKS, ...TOKEN_PLACES];

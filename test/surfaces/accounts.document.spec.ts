import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startService, type Service } from '../support/service.js';
import { linkIn, mailAbout } from '../support/accounts.js';

let service: Service;
beforeAll(async () => {
  service = await startService({ FRONTEND_ORIGINS: 'https://app.example.com' });
});
afterAll(() => service.close());

const A_TOKEN = expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string;
const A_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/) as string;
const EMAIL = 'user@example.com';

const event = (name: string): object => ({
  id: expect.any(Number) as number,
  event: name,
  ip_address: '127.0.0.1',
  user_agent: 'node',
  created_at: A_TIME,
});

/** The source document, in the order in which a person gets to its operations: every answer body for body. */
describe('the document of surface 001', () => {
  let token = '';

  it('registers a new user', async () => {
    const answer = await service.request('POST', '/accounts/api/registration/', {
      body: {
        username: 'some_username',
        email: EMAIL,
        password: 'strongpassword123',
        confirm_password: 'strongpassword123',
        verification_base_url: 'https://app.example.com/activation',
      },
    });
    expect(answer.body).toEqual({
      msg: 'Congrats! some_username your successfully registered to continue login we have sent an account activation email to activate your account. Please verify you email address thank you by admin(krishna).',
    });
    expect(answer.status).toBe(201);
    const mail = await service.smtp.next(EMAIL);
    expect(mail.subject).toBe('Activate your account');
    expect(mail.text).toMatch(/ https:\/\/app\.example\.com\/activation\/MQ\/[0-9a-f]{32}\/\s/);
  });

  it('gets a new account activation token', async () => {
    const answer = await service.request('POST', '/accounts/api/get/acctivation/token/', {
      body: { email: EMAIL, verification_base_url: 'https://app.example.com/activation' },
    });
    expect(answer.body).toEqual({
      msg: "We have send you account activation link at your registered email address. If you don't receive email than please make sure you have enter registered email address. Thank you!",
      access_token: A_TOKEN,
      refresh_token: A_TOKEN,
    });
    expect(answer.status).toBe(200);
  });

  it('activates the account', async () => {
    const { uid, token: secret } = linkIn(await service.smtp.next(EMAIL, 2));
    const answer = await service.request('POST', `/accounts/api/verify/token/${uid}/${secret}/`);
    expect(answer.body).toEqual({ msg: 'Congrats! your account is successfully activated. Now you can login.' });
    expect(answer.status).toBe(200);
  });

  it('logs in', async () => {
    const answer = await service.request<{ access_token: string }>('POST', '/accounts/api/login/', {
      body: { email: EMAIL, password: 'strongpassword123' },
    });
    expect(answer.body).toEqual({
      msg: ' Congrats some_username your credentials verfied.',
      access_token: A_TOKEN,
      refresh_token: A_TOKEN,
    });
    expect(answer.status).toBe(200);
    token = answer.body.access_token;
  });

  it('shows the dashboard', async () => {
    const answer = await service.request('GET', '/accounts/api/dashboard/', { token });
    expect(answer.body).toEqual({
      msg: 'Welcome to dashboard',
      data: {
        id: 1,
        username: 'some_username',
        email: EMAIL,
        is_active: true,
        is_verified: true,
        date_joined: A_TIME,
        last_login: A_TIME,
        history: [event('login'), event('activation'), event('registration')],
      },
    });
    expect(answer.status).toBe(200);
  });

  it('shows the history', async () => {
    const answer = await service.request('GET', '/accounts/api/get/history/', { token });
    expect(answer.body).toEqual({
      history: [event('login'), event('activation'), event('registration')],
      count: 3,
      next: null,
      previous: null,
    });
    expect(answer.status).toBe(200);
  });

  it('shows an empty profile, and updates it', async () => {
    const blank = await service.request('GET', '/accounts/api/get/profile/', { token });
    expect(blank.body).toEqual({ country: '', profession: '', bio: '', thoughts: '', profile_img: '' });
    expect(blank.status).toBe(200);
    const profile = {
      country: 'string',
      profession: 'string',
      bio: 'string',
      thoughts: 'string',
      profile_img: 'https://cdn.example.com/me.png',
    };
    const updated = await service.request('POST', '/accounts/api/update/profile/', { token, body: profile });
    expect(updated.body).toEqual(profile);
    expect(updated.status).toBe(200);
    expect((await service.request('GET', '/accounts/api/get/profile/', { token })).body).toEqual(profile);
  });

  it('changes the password', async () => {
    const answer = await service.request('POST', '/accounts/api/change/password/', {
      token,
      body: {
        old_password: 'strongpassword123',
        new_password: 'newpassword123',
        confirm_password: 'newpassword123',
      },
    });
    expect(answer.body).toEqual({ msg: 'Password changed successfully.' });
    expect(answer.status).toBe(200);
  });

  it('mails a link to reset the password, and sets a new one', async () => {
    const answer = await service.request('POST', '/accounts/api/forget/password/', {
      body: { email: EMAIL, verification_base_url: 'https://app.example.com/reset-password/' },
    });
    expect(answer.body).toEqual({ msg: 'If this email is registered we have sent you a password reset link.' });
    expect(answer.status).toBe(200);
    const reset = await mailAbout(service, EMAIL, 'Reset your password');
    expect(reset.text).toMatch(/ https:\/\/app\.example\.com\/reset-password\/MQ\/[0-9a-f]{32}\/\s/);
    const { uid, token: secret } = linkIn(reset);
    const set = await service.request('POST', `/accounts/api/set/new/forget/password/${uid}/${secret}/`, {
      body: { new_password: 'secure-password-123', confirm_password: 'secure-password-123' },
    });
    expect(set.body).toEqual({ msg: 'Password reset successfully. Now you can login.' });
    expect(set.status).toBe(200);
    const login = await service.request('POST', '/accounts/api/login/', {
      body: { email: EMAIL, password: 'secure-password-123' },
    });
    expect(login.status).toBe(200);
  });
});

interface Operation {
  summary: string;
  security?: object[];
  requestBody?: { content: Record<string, { schema: { $ref: string } }> };
}

interface Document {
  openapi: string;
  info: { title: string; version: string; description: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties: Record<string, { type: string; format?: string }> }> };
}

describe('its OpenAPI document', () => {
  it('is where the source document says, with a slash and without', async () => {
    const ours = await service.request<Document>('GET', '/docs/accounts.json');
    for (const path of [
      '/accounts/api/spectacular/',
      '/accounts/api/spectacular',
      '/accounts/api/spectacular/?format=json',
    ]) {
      const answer = await service.request<Document>('GET', path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(answer.body).toEqual(ours.body);
      expect(answer.body.info.title).toBe('JWT Authetication API');
    }
    const head = await service.request('HEAD', '/accounts/api/spectacular/');
    expect([head.status, head.body]).toEqual([200, '']);
    const options = await service.request('OPTIONS', '/accounts/api/spectacular/');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    const post = await service.request('POST', '/accounts/api/spectacular/', { body: {} });
    expect(post.body).toEqual({ detail: 'Method "POST" not allowed.' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('looks like the source document', async () => {
    const { body: document } = await service.request<Document>('GET', '/accounts/api/spectacular/');
    expect(document.openapi).toMatch(/^3\.0\./);
    expect(document.info).toMatchObject({
      title: 'JWT Authetication API',
      version: '1.0.0',
      description:
        'Key Features: API Endpoints are provided for New User Registration, Login, Account Activation Token Via Email verification | Get New Token for email verification | Only Verified users can login into dashboard | Visit to user dashboard | Get user profile | Update User Profile | Change User Old Password | Watch User Histroy | Reset Forgetton Password Via Email Verification | Set Forgetton Password more ...',
    });
    expect(document.tags.map(({ name }) => name)).toEqual(['accounts']);
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining([
        'ChangePassword',
        'Email',
        'Login',
        'ProfileSerailizer',
        'Registration',
        'SetNewPassword',
      ]),
    );
    const schemaOf = (path: string): [string, string[]] => {
      const name = document.paths[path]?.post?.requestBody?.content['application/json']?.schema.$ref.split('/').at(-1);
      return [name ?? '', Object.keys(document.components.schemas[name ?? '']?.properties ?? {})];
    };
    const email: [string, string[]] = ['Email', ['email', 'verification_base_url']];
    const shown: [string, string, string, 'open' | 'locked' | 'none', [string, string[]]?][] = [
      [
        'post',
        '/accounts/api/change/password/',
        'Change old password',
        'locked',
        ['ChangePassword', ['old_password', 'new_password', 'confirm_password']],
      ],
      ['get', '/accounts/api/dashboard/', 'Get user dashboard', 'locked'],
      ['post', '/accounts/api/forget/password/', 'Forget reset password link', 'none', email],
      ['post', '/accounts/api/get/acctivation/token/', 'Get new account activation token', 'none', email],
      ['post', '/accounts/api/get/accttivation/token/', 'Get new account activation token', 'none', email],
      ['get', '/accounts/api/get/profile/', 'Get user profile', 'locked'],
      [
        'post',
        '/accounts/api/login/',
        'Get JWT access and refresh_token to visit user dashboard.',
        'none',
        ['Login', ['email', 'password']],
      ],
      [
        'post',
        '/accounts/api/registration/',
        'New user registration',
        'none',
        ['Registration', ['username', 'email', 'password', 'confirm_password', 'verification_base_url']],
      ],
      [
        'post',
        '/accounts/api/set/new/forget/password/{uidb64}/{token}/',
        'Set new forget password',
        'open',
        ['SetNewPassword', ['new_password', 'confirm_password']],
      ],
      [
        'post',
        '/accounts/api/update/profile/',
        'Update user profile',
        'locked',
        ['ProfileSerailizer', ['country', 'profession', 'bio', 'thoughts', 'profile_img']],
      ],
      ['post', '/accounts/api/verify/token/{uidb64}/{token}/', 'Activate user account by email verification', 'open'],
    ];
    const locks = {
      none: [],
      locked: [{ password: [] }, { 'access-token': [] }],
      // A lock that is shown, for a token that nobody needs.
      open: [{ password: [] }, { 'access-token': [] }, {}],
    };
    for (const [method, path, summary, lock, schema] of shown) {
      const operation = document.paths[path]?.[method];
      expect([path, operation?.summary, operation?.security]).toEqual([path, summary, locks[lock]]);
      if (schema !== undefined) expect([path, schemaOf(path)]).toEqual([path, schema]);
    }
    const parameters = (
      document.paths['/accounts/api/verify/token/{uidb64}/{token}/']?.post as { parameters?: object[] }
    ).parameters;
    expect(parameters).toEqual([
      expect.objectContaining({ name: 'uidb64', in: 'path', required: true }),
      expect.objectContaining({ name: 'token', in: 'path', required: true }),
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import {
  Environment,
  readEnvironment,
  UnfitEnvironment,
  type ReadSettings,
} from '../../src/platform/config/environment.js';
import { ApiAuthSettings } from '../../src/surfaces/api-auth/settings.js';

const read = (source: Record<string, string>): ReadSettings => readEnvironment(source, [ApiAuthSettings]);
const problemsOf = (source: Record<string, string>): readonly string[] => {
  try {
    read(source);
  } catch (error) {
    if (error instanceof UnfitEnvironment) return error.problems;
    throw error;
  }
  return [];
};

const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://ostiary:dbpassword@db.internal:5432/ostiary',
  SMTP_URL: 'smtp://user:smtppassword@mail.internal:587',
  SECRET_KEY: '0123456789abcdef0123456789abcdef',
  PUBLIC_URL: 'https://auth.example.com',
};

describe('the environment', () => {
  it('has a default for everything in development', () => {
    const { environment, settings } = read({});
    expect({ ...environment }).toEqual({ ...new Environment() });
    expect({ ...settings.get(ApiAuthSettings) }).toEqual({ ...new ApiAuthSettings() });
    expect(environment).toMatchObject({
      host: 'localhost',
      publicUrl: 'http://localhost:3000',
      issuer: 'http://localhost',
      frontendOrigins: [],
      trustedProxies: false,
    });
  });

  it('takes what is set, and a blank for not set', () => {
    const { environment, settings } = read({
      PORT: ' 4000 ',
      DATABASE_URL: '',
      PUBLIC_URL: 'https://auth.example.com/base/',
      FRONTEND_ORIGINS: 'https://a.example.com, http://localhost:4200/',
      TRUST_PROXY: '2',
      API_AUTH_ACCESS_TTL: '60',
      UNKNOWN: 'x',
    });
    expect(environment.PORT).toBe(4000);
    expect(environment.DATABASE_URL).toBeUndefined();
    expect(environment.publicUrl).toBe('https://auth.example.com/base');
    expect(environment.issuer).toBe('https://auth.example.com/base');
    expect(environment.frontendOrigins).toEqual(['https://a.example.com', 'http://localhost:4200']);
    const isTrusted = environment.trustedProxies as (address: string, hop: number) => boolean;
    expect([0, 1, 2].map((hop) => isTrusted('203.0.113.7', hop))).toEqual([true, true, false]);
    expect(settings.get(ApiAuthSettings)).toMatchObject({ API_AUTH_ACCESS_TTL: 60, API_AUTH_REFRESH_TTL: 604_800 });
    expect(read({ TRUST_PROXY: 'loopback, 10.0.0.0/8' }).environment.trustedProxies).toEqual([
      'loopback',
      '10.0.0.0/8',
    ]);
  });

  it.each<[string, string]>([
    ['NODE_ENV', 'staging'],
    ['PORT', 'abc'],
    ['PORT', '70000'],
    ['PORT', '1.5'],
    ['PUBLIC_URL', 'auth.example.com'],
    ['PUBLIC_URL', 'ftp://auth.example.com'],
    ['PUBLIC_URL', 'https://auth.example.com?x=1'],
    ['DATABASE_URL', 'mysql://x'],
    ['SMTP_URL', 'http://mail'],
    ['MAIL_FROM', 'nobody'],
    ['MAIL_FROM', 'A <a@b>\r\nBcc: c@d'],
    ['SECRET_KEY', 'short'],
    ['FRONTEND_ORIGINS', '*'],
    ['FRONTEND_ORIGINS', 'https://a.example.com/path'],
    ['FRONTEND_ORIGINS', 'https://a.example.com,nonsense'],
    ['ACCOUNT_DISCOVERY', 'perhaps'],
    ['RATE_LIMITS', 'maybe'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', 'everybody'],
    ['LOG_LEVEL', 'loud'],
    ['ARGON2_MEMORY_KIB', '12'],
    ['ARGON2_TIME_COST', '0'],
    ['API_AUTH_ACCESS_TTL', '30m'],
    ['API_AUTH_ACCESS_TTL', '0'],
    ['API_AUTH_VERIFY_EMAIL_URL', 'https://app.example.com/verify'],
    ['API_AUTH_VERIFY_EMAIL_URL', 'javascript:alert({token})'],
    ['API_AUTH_RESET_PASSWORD_URL', '//evil.example/{token}'],
  ])('refuses %s=%s by its name, without its value', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} \\S`));
    expect(problems[0]).not.toContain(value);
  });

  it('names everything that is wrong at once', () => {
    expect(
      problemsOf({ PORT: 'x', LOG_LEVEL: 'y', API_AUTH_REFRESH_TTL: 'z' }).map((line) => line.split(' ')[0]),
    ).toEqual(['PORT', 'LOG_LEVEL', 'API_AUTH_REFRESH_TTL']);
  });
});

describe('production', () => {
  it('starts when it has what it needs', () => {
    const { environment } = read(PRODUCTION);
    expect(environment).toMatchObject({ isProduction: true, host: '0.0.0.0', issuer: 'https://auth.example.com' });
  });

  it('names every variable that is missing, at once', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([
      'DATABASE_URL is required in production',
      'SMTP_URL is required in production',
      'SECRET_KEY is required in production',
      'PUBLIC_URL is required in production',
    ]);
  });

  it.each([
    [{ RATE_LIMITS: 'off' }, 'RATE_LIMITS may not be off in production'],
    [{ ARGON2_MEMORY_KIB: '19455' }, 'ARGON2_MEMORY_KIB may not be lower than 19456 in production'],
    [{ ARGON2_TIME_COST: '1' }, 'ARGON2_TIME_COST may not be lower than 2 in production'],
    [{ SECRET_KEY: 'x'.repeat(40) }, 'SECRET_KEY must be random: make one with `openssl rand -hex 32`'],
    [{ SECRET_KEY: 'changeme'.repeat(4) }, 'SECRET_KEY must be random: make one with `openssl rand -hex 32`'],
    [
      {
        SECRET_KEY: 'p'.repeat(10) + 'q%'.repeat(12),
        DATABASE_URL: `postgres://o:${'p'.repeat(10)}${'q%25'.repeat(12)}@db/o`,
      },
      'SECRET_KEY must be random: make one with `openssl rand -hex 32`',
    ],
  ])('refuses %j', (change, problem) => {
    expect(problemsOf({ ...PRODUCTION, ...change })).toEqual([problem]);
  });

  it('may hash harder than it has to', () => {
    const { environment } = read({ ...PRODUCTION, ARGON2_MEMORY_KIB: '65536', ARGON2_TIME_COST: '3' });
    expect(environment).toMatchObject({ ARGON2_MEMORY_KIB: 65_536, ARGON2_TIME_COST: 3 });
  });
});

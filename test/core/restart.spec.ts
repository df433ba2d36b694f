import { afterAll, expect, it } from 'vitest';
import { join, login } from '../support/people.js';
import { createDatabase, isEmbedded, startService, type Service } from '../support/service.js';

const database = await createDatabase();
afterAll(() => database.drop());

/** One after the other: Passport knows its strategies by process, so two services at once would share the later one's. */
async function during<T>(overrides: Record<string, string>, work: (service: Service) => Promise<T>): Promise<T> {
  const service = await startService(overrides, { database });
  try {
    return await work(service);
  } finally {
    await service.close();
  }
}

const hashOf = async (service: Service, email: string): Promise<string | undefined> =>
  (await service.sql<{ password_hash: string }>('SELECT password_hash FROM users WHERE email = $1', [email]))[0]
    ?.password_hash;

it('a login hashes the password anew when the settings changed, and only then', async () => {
  const { email, first } = await during({}, async (service) => {
    const { user } = await join(service);
    const made = await hashOf(service, user.email);
    await login(service, user.email);
    expect(await hashOf(service, user.email)).toBe(made);
    return { email: user.email, first: made };
  });
  expect(first).toMatch(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$/);

  const second = await during({ ARGON2_TIME_COST: '2' }, async (service) => {
    expect((await login(service, email, 'wrongpassword1')).status).toBe(400);
    expect(await hashOf(service, email)).toBe(first);
    expect((await login(service, email)).status).toBe(200);
    return hashOf(service, email);
  });
  expect(second).toMatch(/^\$argon2id\$v=19\$m=1024,t=2,p=1\$/);
});

it.skipIf(isEmbedded)('many who log in at once when the settings changed all get in', async () => {
  const email = await during({ ARGON2_TIME_COST: '2' }, async (service) => (await join(service)).user.email);
  await during({}, async (service) => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => login(service, email)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
  });
});

it('sessions, accounts and the signing key are there after a restart', async () => {
  const { access, email } = await during({}, async (service) => {
    const person = await join(service);
    return { access: person.access, email: person.user.email };
  });
  await during({}, async (service) => {
    expect((await service.request('GET', '/api/auth/me/', { token: access })).status).toBe(200);
    expect((await login(service, email)).status).toBe(200);
    expect(await service.sql('SELECT 1 FROM signing_keys')).toHaveLength(1);
  });
});

it('another SECRET_KEY is told apart at the start', async () => {
  await expect(
    during({ SECRET_KEY: 'quite-another-secret-key-0123456789-0123456789' }, () => Promise.resolve()),
  ).rejects.toThrow(/sealed under another SECRET_KEY/);
});

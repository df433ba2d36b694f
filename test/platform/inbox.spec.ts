import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { register, someone } from '../support/people.js';
import { startService, type Answered, type Service } from '../support/service.js';

interface Mail {
  id: number;
  to: string;
  from: string;
  subject: string;
  text: string;
  html: string;
  links: string[];
  date: string;
  messageId: string;
}

let service: Service;
beforeAll(async () => {
  service = await startService({ NODE_ENV: 'development', SMTP_URL: undefined, PUBLIC_URL: undefined });
});
afterAll(() => service.close());

const list = (query = ''): Promise<Answered<Mail[]>> => service.request('GET', `/dev/inbox.json${query}`);

async function mailTo(email: string): Promise<Mail> {
  const [mail] = (await list(`?wait=10&to=${encodeURIComponent(email)}`)).body;
  return mail!;
}

describe('the inbox', () => {
  it('shows every mail as JSON, newest first, by recipient if asked', async () => {
    const [first, second] = [someone(), someone()];
    await register(service, first);
    await mailTo(first);
    await register(service, second);
    const mail = await mailTo(second);
    expect(mail).toMatchObject({
      to: second,
      from: 'Ostiary <no-reply@auth.test>',
      subject: 'Verify your email',
      links: [expect.stringMatching(/^http:\/\/localhost:\d+\/account\/verify-email\?token=[0-9a-f]{32}$/)],
    });
    expect(mail.text).toContain(mail.links[0]);
    expect(mail.html).toContain(`href="${mail.links[0]}"`);
    expect((await list()).body.slice(0, 2).map(({ to }) => to)).toEqual([second, first]);
    expect((await list('?limit=1')).body.map(({ to }) => to)).toEqual([second]);
    expect((await list(`?to=${second.toUpperCase()}`)).body).toHaveLength(1);
    expect((await list('?to=nobody@example.com')).body).toEqual([]);
    expect((await list('?subject=VERIFY')).body).toHaveLength(2);
    expect((await list('?subject=reset&wait=0.2')).body).toEqual([]);
    const asJson = await service.request('GET', '/dev/inbox', { headers: { accept: 'application/json' } });
    expect(asJson.body).toEqual((await list()).body);
    expect(
      (await service.request('GET', `/dev/inbox/${mail.id}`, { headers: { accept: 'application/json' } })).body,
    ).toEqual(mail);
  });

  it('shows them to people, sandboxed and escaped', async () => {
    const email = someone();
    await register(service, email);
    const { id, links } = await mailTo(email);
    const page = await service.request<string>('GET', `/dev/inbox?to=${email}`);
    expect(page.body).toContain(`href="/dev/inbox/${id}"`);
    const evil = await service.request<string>('GET', '/dev/inbox?to=%3Cscript%3E');
    expect(evil.body).not.toContain('<script>');
    const mail = await service.request<string>('GET', `/dev/inbox/${id}`);
    expect(mail.body).toContain(`<a href="${links[0]?.replaceAll('=', '&#x3D;')}"`);
    const frame = await service.request<string>('GET', `/dev/inbox/${id}/html`);
    expect(frame.headers.get('content-security-policy')).toContain('sandbox allow-popups');
    expect(frame.body).toContain('<base target="_blank">');
  });

  it('answers to names of this machine only', async () => {
    const { hostname, port } = new URL(service.url);
    const ask = (host: string): Promise<number> =>
      import('node:http').then(
        ({ get }) =>
          new Promise((resolve, reject) => {
            get({ hostname, port, path: '/dev/inbox.json', headers: { host } }, (response) => {
              response.resume();
              resolve(response.statusCode ?? 0);
            }).on('error', reject);
          }),
      );
    expect(await ask('rebound.example.com')).toBe(403);
    expect(await ask('localhost:1234')).toBe(200);
    expect(await ask('127.0.0.1')).toBe(200);
    expect(await ask('[::1]:3000')).toBe(200);
  });

  it('says so when there is no such mail', async () => {
    expect((await service.request('GET', '/dev/inbox/999999')).status).toBe(404);
    expect((await service.request('GET', '/dev/inbox/abc')).status).toBe(400);
    expect((await service.request('GET', '/dev/inbox/1/nothing')).status).toBe(404);
  });

  it('keeps its mails sealed in the database', async () => {
    const email = someone();
    await register(service, email);
    const { links } = await mailTo(email);
    const token = links[0]?.split('token=')[1] ?? '';
    const tables = await service.sql<{ table_name: string }>(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    for (const { table_name: table } of tables) {
      const rows = await service.sql<{ row: string }>(`SELECT t::text AS row FROM "${table}" t`);
      const text = rows.map(({ row }) => row).join('\n');
      expect([table, text.includes(token) || text.includes(Buffer.from(token).toString('hex'))]).toEqual([
        table,
        false,
      ]);
    }
  });
});

it.each(['limit=-1', 'limit=x', 'limit=1.5', 'limit=1e99', 'wait=-1', 'to=%00', 'subject=%00'])(
  'a filter that makes no sense finds what there is, or nothing: %s',
  async (query) => {
    expect((await list(`?${query}`)).status).toBe(200);
  },
);

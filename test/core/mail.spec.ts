import { setImmediate } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { render, type Letter } from '../../src/mail/letter.js';
import { MailService, type Recipient } from '../../src/mail/mail.service.js';
import { join, register, someone } from '../support/people.js';
import { createDatabase, isEmbedded, startService, type Service, type TestDatabase } from '../support/service.js';
import { SmtpSink, tokenIn } from '../support/smtp.js';

let database: TestDatabase;
let smtp: SmtpSink;
let service: Service;
beforeAll(async () => {
  database = await createDatabase();
  smtp = await new SmtpSink().start();
  service = await startService({}, { database, smtp });
});
afterAll(async () => {
  await service.close();
  await smtp.stop();
  await database.drop();
});
beforeEach(() => smtp.refuse(undefined));
afterEach(() => {
  vi.useRealTimers();
});

const LETTER: Letter = { kind: 'reset_password', subject: 'A subject', lead: 'A lead', notes: [] };

async function recipient(): Promise<Recipient> {
  const email = someone();
  await register(service, email);
  await smtp.next(email);
  const [row] = await service.sql<{ id: number }>('SELECT id FROM users WHERE email = $1', [email]);
  return { userId: row!.id, mailbox: email, canonical: email };
}

const enqueue = (to: Recipient, life?: number, letter = LETTER): Promise<void> =>
  service.get(DataSource).transaction((tx) => service.get(MailService).enqueue(letter, to, tx, life));
const rows = (to: Recipient): Promise<Record<string, unknown>[]> =>
  service.sql(`SELECT * FROM outgoing_mails WHERE recipient = $1 AND kind <> 'verify_email' ORDER BY created_at`, [
    to.mailbox,
  ]);
const settled = async (to: Recipient, status: string): Promise<Record<string, unknown>> => {
  await vi.waitFor(async () => expect((await rows(to)).at(-1)).toMatchObject({ status }), {
    timeout: 15_000,
    interval: 20,
  });
  return (await rows(to)).at(-1)!;
};
/** What waits for its next attempt waits no longer. */
const hurry = (): Promise<unknown> =>
  service
    .sql(`UPDATE outgoing_mails SET next_attempt_at = now() WHERE status = 'queued'`)
    .then(() => service.sql(`NOTIFY ostiary_outgoing_mails`));

describe('a mail', () => {
  it('arrives in both parts, to one address, from one address, with a name of its own', async () => {
    const to = await recipient();
    await enqueue(to);
    const mail = await smtp.next(to.mailbox, 2);
    expect(mail).toMatchObject({ from: 'no-reply@auth.test', to: [to.mailbox], subject: 'A subject' });
    expect(mail.text.trim()).toBe('A lead');
    expect(mail.html).toContain('A lead');
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    const sent = await settled(to, 'sent');
    expect(mail.messageId).toBe(`<${String(sent.id)}@auth.test>`);
  });

  it('is forgotten with its transaction', async () => {
    const to = await recipient();
    await expect(
      service.get(DataSource).transaction(async (tx) => {
        await service.get(MailService).enqueue(LETTER, to, tx);
        throw new Error('later in the same story');
      }),
    ).rejects.toThrow();
    expect(await rows(to)).toEqual([]);
  });

  it('keeps its secret sealed while it waits, and loses it when it is sent', async () => {
    await smtp.stop();
    const email = someone();
    await register(service, email);
    const dump = async (): Promise<string> =>
      (
        await service.sql<{ row: string }>('SELECT m::text AS row FROM outgoing_mails m WHERE recipient = $1', [email])
      )[0]!.row;
    const waiting = await dump();
    await smtp.start();
    await hurry();
    const token = tokenIn(await smtp.next(email));
    for (const trace of [token, Buffer.from(token).toString('hex')]) expect(waiting).not.toContain(trace);
    await vi.waitFor(async () =>
      expect(
        await service.sql('SELECT status, sealed_letter FROM outgoing_mails WHERE recipient = $1', [email]),
      ).toEqual([{ status: 'sent', sealed_letter: null }]),
    );
  });

  it('that is late for what it is about is not sent', async () => {
    const to = await recipient();
    await smtp.stop();
    await enqueue(to, 60);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    await smtp.start();
    await hurry();
    expect(await settled(to, 'expired')).toMatchObject({ sealed_letter: null });
    expect(smtp.to(to.mailbox)).toHaveLength(1);
  });

  it('whose letter cannot be opened does not stop the others', async () => {
    const to = await recipient();
    await service.sql(
      `INSERT INTO outgoing_mails (id, user_id, kind, recipient, sealed_letter, created_at, next_attempt_at)
       VALUES (gen_random_uuid(), $1, 'reset_password', $2, '\\x00', now(), now())`,
      [to.userId, to.mailbox],
    );
    const other = await recipient();
    expect(other.userId).toBeGreaterThan(to.userId);
    await vi.waitFor(async () =>
      expect((await rows(to))[0]).toMatchObject({ status: 'queued', last_error: 'UnsealError' }),
    );
    await service.sql('DELETE FROM outgoing_mails WHERE recipient = $1', [to.mailbox]);
  });
});

describe('a mail server', () => {
  it('that is down slows and fails nobody, and gets every mail once it is back', async () => {
    await smtp.stop();
    const emails = Array.from({ length: 20 }, someone);
    const answers = await Promise.all(emails.map((email) => register(service, email)));
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(201));
    await smtp.start();
    await hurry();
    await smtp.until(() => emails.every((email) => smtp.to(email).length > 0), 'mail to everybody');
    for (const email of emails) expect(smtp.to(email)).toHaveLength(1);
  });

  it('that was down is asked for everything that waits as soon as it takes one mail', async () => {
    const waiting = await recipient();
    await smtp.stop();
    await enqueue(waiting);
    await vi.waitFor(async () => expect((await rows(waiting))[0]).toMatchObject({ last_error: 'ESOCKET' }));
    await service.sql(`UPDATE outgoing_mails SET next_attempt_at = now() + interval '1 hour' WHERE recipient = $1`, [
      waiting.mailbox,
    ]);
    await smtp.start();
    await register(service, someone());
    await smtp.next(waiting.mailbox, 2);
  });

  it('that holds its answer back holds nobody else up', async () => {
    let open = (): void => undefined;
    smtp.holdUntil(new Promise<void>((resolve) => (open = resolve)));
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 10 }, () => register(service, someone())));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    expect(performance.now() - began).toBeLessThan(5_000);
    open();
    smtp.holdUntil(Promise.resolve());
  });

  it('that says "later" is tried again under the same Message-ID', async () => {
    const to = await recipient();
    smtp.refuse({ at: 'data', code: 451 });
    await enqueue(to);
    await vi.waitFor(async () =>
      expect((await rows(to))[0]).toMatchObject({ attempts: 1, last_error: 'EMESSAGE 451', status: 'queued' }),
    );
    const before = await settled(to, 'queued');
    smtp.refuse(undefined);
    await hurry();
    const mail = await smtp.next(to.mailbox, 2);
    expect(mail.messageId).toBe(`<${String(before.id)}@auth.test>`);
    expect(await settled(to, 'sent')).toMatchObject({ attempts: 2, last_error: null });
  });

  it('is asked again after growing pauses', async () => {
    const to = await recipient();
    smtp.refuse({ at: 'data', code: 451 });
    const pauses: number[] = [];
    await enqueue(to);
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      await vi.waitFor(async () =>
        expect((await rows(to))[0]).toMatchObject({ attempts: attempt, last_error: 'EMESSAGE 451' }),
      );
      const [row] = await service.sql<{ pause: number }>(
        `SELECT extract(epoch FROM next_attempt_at - now())::float AS pause FROM outgoing_mails WHERE recipient = $1 AND status = 'queued'`,
        [to.mailbox],
      );
      pauses.push(row!.pause);
      await service.sql(
        `UPDATE outgoing_mails SET last_error = 'seen', next_attempt_at = now() WHERE recipient = $1 AND status = 'queued'`,
        [to.mailbox],
      );
      await service.sql('NOTIFY ostiary_outgoing_mails');
    }
    for (const [index, pause] of pauses.entries()) {
      const ideal = Math.min(2 ** index, 60);
      expect(pause).toBeGreaterThan(ideal * 0.75 - 1);
      expect(pause).toBeLessThan(ideal * 1.25 + 0.1);
    }
    smtp.refuse(undefined);
    await hurry();
    await smtp.next(to.mailbox, 2);
  });

  it.each(['recipient', 'data'] as const)(
    'that refuses for good (%s) is asked three times; the row says so, and nobody else waits',
    async (at) => {
      const to = await recipient();
      smtp.refuse({ at, code: 550 });
      await enqueue(to);
      for (let attempt = 1; attempt < 3; attempt += 1) {
        await vi.waitFor(async () =>
          expect((await rows(to))[0]).toMatchObject({
            attempts: attempt,
            status: 'queued',
            last_error: expect.stringContaining('550') as string,
          }),
        );
        await service.sql(
          `UPDATE outgoing_mails SET last_error = NULL, next_attempt_at = now() WHERE recipient = $1 AND status = 'queued'`,
          [to.mailbox],
        );
        await service.sql('NOTIFY ostiary_outgoing_mails');
      }
      const dead = await settled(to, 'dead');
      expect(dead).toMatchObject({
        attempts: 3,
        last_error: expect.stringMatching(/^E(ENVELOPE|MESSAGE) 550$/) as string,
      });
      smtp.refuse(undefined);
      const other = await recipient();
      expect(smtp.to(other.mailbox)).toHaveLength(1);
    },
  );

  it('is not asked for ever', async () => {
    const to = await recipient();
    smtp.refuse({ at: 'data', code: 451 });
    await enqueue(to);
    await vi.waitFor(async () =>
      expect((await rows(to))[0]).toMatchObject({ attempts: 1, last_error: 'EMESSAGE 451' }),
    );
    await service.sql(
      `UPDATE outgoing_mails SET attempts = 999, next_attempt_at = now() WHERE recipient = $1 AND status = 'queued'`,
      [to.mailbox],
    );
    await service.sql('NOTIFY ostiary_outgoing_mails');
    expect(await settled(to, 'dead')).toMatchObject({ attempts: 1_000 });
  });
});

describe('several instances', () => {
  it('a mail whose dispatcher died is sent when its lease is over', async () => {
    const to = await recipient();
    await smtp.stop();
    await enqueue(to);
    await vi.waitFor(async () => expect((await rows(to))[0]).toMatchObject({ last_error: 'ESOCKET' }));
    await service.sql(
      `UPDATE outgoing_mails SET next_attempt_at = now() + interval '0.5 seconds' WHERE recipient = $1 AND status = 'queued'`,
      [to.mailbox],
    );
    await smtp.start();
    await smtp.next(to.mailbox, 2);
  });

  it('a mail that a slow server takes long for stays with its dispatcher', async () => {
    const to = await recipient();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let open = (): void => undefined;
    smtp.holdUntil(new Promise<void>((resolve) => (open = resolve)));
    await enqueue(to);
    const lease = async (): Promise<number | undefined> => {
      const [row] = await service.sql<{ seconds: number }>(
        `SELECT extract(epoch FROM next_attempt_at - now())::float AS seconds FROM outgoing_mails
         WHERE recipient = $1 AND status = 'queued' AND attempts = 1`,
        [to.mailbox],
      );
      return row?.seconds;
    };
    while ((await lease()) === undefined) await setImmediate();
    await service.sql(
      `UPDATE outgoing_mails SET next_attempt_at = now() + interval '2 seconds' WHERE recipient = $1 AND status = 'queued'`,
      [to.mailbox],
    );
    vi.advanceTimersByTime(10_000);
    while (((await lease()) ?? 0) < 20) await setImmediate();
    open();
    smtp.holdUntil(Promise.resolve());
    await smtp.next(to.mailbox, 2);
    expect(await settled(to, 'sent')).toMatchObject({ attempts: 1 });
  });

  it.skipIf(isEmbedded)('share the queue and send every mail once', async () => {
    const second = await startService({}, { database, smtp });
    const third = await startService({}, { database, smtp });
    try {
      const emails = Array.from({ length: 120 }, someone);
      for (let from = 0; from < emails.length; from += 30) {
        const batch = emails.slice(from, from + 30);
        await Promise.all(batch.map((email, index) => register([service, second, third][index % 3]!, email)));
      }
      await smtp.until(() => emails.every((email) => smtp.to(email).length > 0), 'mail to everybody');
      await vi.waitFor(async () =>
        expect(await service.sql(`SELECT 1 FROM outgoing_mails WHERE status = 'queued'`)).toEqual([]),
      );
      for (const email of emails) expect(smtp.to(email)).toHaveLength(1);
      const ids = emails.flatMap((email) => smtp.to(email)).map(({ messageId }) => messageId);
      expect(new Set(ids).size).toBe(ids.length);
      const attempts = await service.sql(`SELECT 1 FROM outgoing_mails WHERE recipient = ANY ($1) AND attempts > 1`, [
        emails,
      ]);
      expect(attempts).toEqual([]);
    } finally {
      await second.close();
      await third.close();
    }
  });
});

describe('letters', () => {
  it('are escaped in HTML and plain in text', () => {
    const nasty = `<img src=x onerror=alert(1)> & "quotes" {{7*7}}`;
    const { html, text, subject } = render({
      ...LETTER,
      subject: nasty,
      lead: nasty,
      notes: [nasty],
      action: { label: nasty, url: `https://a.example/?a=1&b="><script>` },
    });
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;img src');
    expect(html).toContain('href="https://a.example/?a=1&#38;b=&#34;&#62;&#60;script&#62;"');
    expect(text).toContain(nasty);
    expect(text).toContain('https://a.example/?a=1&b="><script>');
    expect(subject).toBe(nasty);
  });

  it('hold nothing that a visitor wrote', async () => {
    const email = someone();
    await register(service, email, {
      first_name: 'CLICK-HERE',
      last_name: 'http://evil.example',
      username: 'evil.example',
    });
    const mail = await smtp.next(email);
    expect(mail.text + mail.html + mail.subject).not.toMatch(/CLICK|evil/);
  });

  it('of a proven account go to the address that is stored, in a form that SMTP takes', async () => {
    await register(service, 'Brief@Exämple.org');
    const [row] = await service.sql(`SELECT recipient FROM outgoing_mails WHERE recipient LIKE 'Brief%'`);
    expect(row).toEqual({ recipient: 'Brief@xn--exmple-cua.org' });
    // The test's own mail server shows the domain as people write it.
    expect((await smtp.next('Brief@exämple.org')).subject).toBe('Verify your email');
  });
});

describe('with limits on', () => {
  let limited: Service;
  beforeAll(async () => {
    await service.close();
    limited = await startService({ RATE_LIMITS: 'on' }, { database, smtp });
  });
  afterAll(async () => {
    await limited.close();
    service = await startService({}, { database, smtp });
  });

  it('at most one mail of a kind goes to one address a minute, and the link in it stays good', async () => {
    const { user } = await join(limited);
    const ask = (): ReturnType<Service['request']> =>
      limited.request('POST', '/api/auth/password-reset/', { body: { email: user.email } });
    const answers = [];
    for (let time = 0; time < 5; time += 1) answers.push(await ask());
    expect(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    const token = tokenIn(await smtp.next(user.email, 2));
    const count = (): Promise<unknown[]> =>
      limited.sql(`SELECT 1 FROM outgoing_mails WHERE recipient = $1 AND kind = 'reset_password'`, [user.email]);
    expect(await count()).toHaveLength(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 59_000 });
    await ask();
    expect(await count()).toHaveLength(1);
    const confirm = await limited.request('POST', '/api/auth/password-reset/confirm/', {
      body: { token, password: 'newpassword123' },
    });
    expect(confirm.status).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2_000 });
    await ask();
    expect(await count()).toHaveLength(2);
  });

  it.skipIf(isEmbedded)('of many who ask at once, one has a mail sent', async () => {
    const { user } = await join(limited);
    await Promise.all(
      Array.from({ length: 20 }, () =>
        limited.request('POST', '/api/auth/password-reset/', { body: { email: user.email } }),
      ),
    );
    expect(
      await limited.sql(`SELECT 1 FROM outgoing_mails WHERE recipient = $1 AND kind = 'reset_password'`, [user.email]),
    ).toHaveLength(1);
  });
});

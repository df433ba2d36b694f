import type { Server } from 'node:http';
import { HttpAdapterHost } from '@nestjs/core';
import { expect, it } from 'vitest';
import { login, register, someone, join } from '../support/people.js';
import { createDatabase, startService } from '../support/service.js';
import { SmtpSink } from '../support/smtp.js';

it('a stop answers what was asked, sends what is under way, and leaves the rest in the queue for the next start', async () => {
  const database = await createDatabase();
  const smtp = await new SmtpSink().start();
  const first = await startService({}, { database, smtp });
  const { user } = await join(first);
  await smtp.stop();
  const emails = Array.from({ length: 10 }, someone);
  const answers = await Promise.all(emails.map((email) => register(first, email)));
  expect(answers.every(({ status }) => status === 201)).toBe(true);

  const allArrived = arrivals(first.get(HttpAdapterHost).httpAdapter.getHttpServer() as Server, 10);
  const inFlight = Array.from({ length: 10 }, () => login(first, user.email));
  await allArrived;
  await first.close();
  for (const { status } of await Promise.all(inFlight)) expect(status).toBe(200);
  await expect(fetch(`${first.url}/health/live`)).rejects.toThrow();

  await smtp.start();
  const second = await startService({}, { database, smtp });
  await second.sql(`UPDATE outgoing_mails SET next_attempt_at = now() WHERE status = 'queued'`);
  await second.sql('NOTIFY ostiary_outgoing_mails');
  await smtp.until(() => emails.every((email) => smtp.to(email).length === 1), 'mail to everybody');
  await second.close();
  await smtp.stop();
  await database.drop();
});

/** When the server has got this many more requests. */
function arrivals(server: Server, count: number): Promise<void> {
  return new Promise((resolve) => {
    server.on('request', () => {
      count -= 1;
      if (count === 0) resolve();
    });
  });
}

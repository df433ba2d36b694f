import { Option, type Command } from 'commander';
import { MailService } from '../../mail/mail.service.js';
import type { MailStatus } from '../../mail/mail.service.js';
import { count, uuid } from '../arguments.js';
import { Refusal, type Run } from '../session.js';

const STATUSES: readonly MailStatus[] = ['queued', 'sent', 'dead', 'expired'];

export function addMailCommands(program: Command, run: Run): void {
  const mail = program.command('mail').description('mails that were promised');

  mail
    .command('list')
    .description('mails, the newest first; never what they say')
    .addOption(new Option('--status <status>', 'only these').choices(STATUSES))
    .option('--limit <number>', 'how many at most', count, 50)
    .action(({ status, limit }: { status?: MailStatus; limit: number }) =>
      run.core(async (get) => {
        const mails = await get(MailService).list(status ?? null, limit);
        const rows = mails.map((it) => ({
          id: it.id,
          kind: it.kind,
          to: it.recipient,
          status: it.status,
          attempts: it.attempts,
          created: it.createdAt,
          'last error': it.lastError,
        }));
        run.output.list(mails, rows, 'There are no mails.');
      }),
    );

  mail
    .command('retry')
    .description('try again what was given up; the service sends it')
    .argument('[id]', 'one mail; a queued one is tried at once. Without it: every mail that was given up', uuid)
    .action((id: string | undefined) =>
      run.core(async (get) => {
        const retried = await get(MailService).retry(id ?? null);
        if (id !== undefined && retried === 0) {
          throw new Refusal(`Mail ${id} is neither queued nor given up. See: ostiary mail list`);
        }
        run.output.say({ retried }, `${retried} to be tried again.`);
      }),
    );
}

import type { Command } from 'commander';
import { MailService } from '../../mail/mail.service.js';
import { Inbox } from '../../platform/inbox/inbox.js';
import { KeyStore } from '../../tokens/key-store.js';
import { Refusal, type Run } from '../session.js';

export function addSecretCommands(program: Command, run: Run): void {
  program
    .command('secret')
    .description('SECRET_KEY, and what it seals')
    .command('rotate')
    .description('seal everything again: what SECRET_KEY_PREVIOUS opens is sealed under SECRET_KEY')
    .addHelpText(
      'after',
      [
        '',
        'With several instances:',
        '  1. Restart them with SECRET_KEY=<old> and SECRET_KEY_PREVIOUS=<new>: every one can read both.',
        '  2. Restart them with SECRET_KEY=<new> and SECRET_KEY_PREVIOUS=<old>.',
        '  3. Run this command with the same two.',
        '  4. Restart them without SECRET_KEY_PREVIOUS.',
      ].join('\n'),
    )
    .action(() => {
      const { environment } = run.settings;
      if (environment.SECRET_KEY_PREVIOUS === undefined) {
        throw new Refusal(
          'SECRET_KEY_PREVIOUS is not set. It has to be the key that is replaced, SECRET_KEY the new one.',
        );
      }
      return run.core(async (get) => {
        const sealed = {
          keys: await get(KeyStore).reseal(),
          letters: await get(MailService).reseal(),
          inbox: environment.isProduction ? 0 : await get(Inbox).reseal(),
        };
        run.output.say(
          sealed,
          `Sealed anew: ${sealed.keys} signing keys, ${sealed.letters} waiting mails, ${sealed.inbox} mails of the ` +
            'inbox.\nSECRET_KEY_PREVIOUS can go when every instance has the new SECRET_KEY.',
        );
      });
    });
}

import type { Command } from 'commander';
import { KeyStore, type KeyEnd } from '../../tokens/key-store.js';
import { Refusal, type Run } from '../session.js';

export function addKeysCommands(program: Command, run: Run): void {
  const keys = program.command('keys').description('the keys that sign tokens');

  keys
    .command('list')
    .description('every key, the newest first, and what it is for')
    .addHelpText(
      'after',
      [
        '',
        'States:',
        '  next       published, and signs when every verifier can have it',
        '  signing    signs every new token',
        '  verifying  replaced; kept until the last token that it signed has expired',
        '  retired    done',
        '  revoked    no token that it signed is good',
      ].join('\n'),
    )
    .action(() =>
      run.core(async (get) => {
        const all = await get(KeyStore).report();
        const rows = all.map(({ kid, state, createdAt, signsFrom, signsUntil, verifiesUntil }) => ({
          kid,
          state,
          created: createdAt,
          'signs from': signsFrom,
          'signs until': signsUntil,
          'verifies until': verifiesUntil,
        }));
        run.output.list(all, rows, 'There are no keys.');
      }),
    );

  keys
    .command('rotate')
    .description('publish a new key, which signs one cache period (JWKS_MAX_AGE) later')
    .option('--now', 'let it sign at once: verifiers that keep copies of the keys may refuse tokens for a while')
    .action(({ now = false }: { now?: boolean }) =>
      run.core(async (get) => {
        const rotation = await get(KeyStore).rotate(now);
        const what = rotation.isNew ? 'A new key is published' : 'A new key was on its way already';
        const from = now ? 'now' : rotation.signsFrom.toISOString();
        run.output.say(rotation, `${what}: ${rotation.kid}\nIt signs from ${from}.`);
      }),
    );

  keys
    .command('retire')
    .description('end the time of a key that signs no more, or take back one that does not sign yet')
    .argument('<kid>', 'the id of the key')
    .action((kid: string) =>
      run.core(async (get) => {
        told(run, kid, await get(KeyStore).retire(kid), 'Tokens that it signed are refused from now on.');
      }),
    );

  keys
    .command('revoke')
    .description('for a key that got out: at once no token that it signed is good, and another key signs')
    .argument('<kid>', 'the id of the key')
    .action((kid: string) =>
      run.core(async (get) => {
        const outcome = await get(KeyStore).revoke(kid);
        told(run, kid, outcome, 'No token that it signed is good; whoever holds one has to log in again.');
      }),
    );
}

function told({ output }: Run, kid: string, outcome: KeyEnd, consequence: string): void {
  switch (outcome) {
    case 'done':
      output.say({ kid, done: true }, `Key ${kid}: done. ${consequence}`);
      return;
    case 'unknown':
      throw new Refusal(`There is no key ${kid}. See: ostiary keys list`);
    case 'still_signing':
      throw new Refusal(`Key ${kid} signs. Rotate first (ostiary keys rotate), or revoke it if it got out.`);
    case 'is_over':
      throw new Refusal(`Key ${kid} verifies nothing any more.`);
  }
}

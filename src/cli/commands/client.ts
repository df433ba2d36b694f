import { Option, type Command } from 'commander';
import {
  CLIENT_SCOPES,
  ServiceClientsService,
  type ClientScope,
  type IssuedClient,
} from '../../clients/service-clients.service.js';
import { hours, label } from '../arguments.js';
import { Refusal, type Run } from '../session.js';

export function addClientCommands(program: Command, run: Run): void {
  const client = program.command('client').description('services that may ask about tokens');

  client
    .command('create')
    .description('make a service client; its secret is shown once')
    .argument('<name>', 'what people call it, such as billing', label)
    .addOption(
      new Option('-s, --scope <scopes...>', 'what it may do')
        .choices(CLIENT_SCOPES)
        .default(['introspect'], 'introspect'),
    )
    .addHelpText('after', '\nExample:\n  ostiary client create billing --scope introspect revoke')
    .action((name: string, { scope }: { scope: ClientScope[] }) =>
      run.core(async (get) => show(run, await get(ServiceClientsService).create(name, scope))),
    );

  client
    .command('list')
    .description('all service clients, and how old their secrets are')
    .action(() =>
      run.core(async (get) => {
        const clients = await get(ServiceClientsService).list();
        const rows = clients.map(({ id, name, scopes, secrets }) => ({
          id,
          name,
          scopes,
          secrets: secrets
            .map(({ createdAt, expiresAt, lastUsedAt }) => {
              const used = lastUsedAt === null ? 'never used' : `used ${lastUsedAt.toISOString()}`;
              const end = expiresAt === null ? '' : `, ends ${expiresAt.toISOString()}`;
              return `made ${createdAt.toISOString()} (${used}${end})`;
            })
            .join('; '),
        }));
        run.output.list(clients, rows, 'There are no service clients. Make one: ostiary client create <name>');
      }),
    );

  client
    .command('rotate')
    .description('give a client a new secret; the one before stays good for a while')
    .argument('<id>', 'the id of the client')
    .option('--overlap <hours>', 'hours that the present secret stays good; 0 ends it now', hours, 168)
    .action((id: string, { overlap }: { overlap: number }) =>
      run.core(async (get) => {
        const issued = await get(ServiceClientsService).rotate(id, overlap * 3600);
        if (issued === null) throw unknown(id);
        show(run, issued);
      }),
    );

  client
    .command('remove')
    .description('remove a client; its secrets are good for nothing from now on')
    .argument('<id>', 'the id of the client')
    .action((id: string) =>
      run.core(async (get) => {
        if (!(await get(ServiceClientsService).remove(id))) throw unknown(id);
        run.output.say({ id, removed: true }, `Client ${id} is removed.`);
      }),
    );
}

function show({ output }: Run, { client, secret }: IssuedClient): void {
  output.say(
    { ...client, secret },
    [
      `Client ${client.name} (${client.scopes.join(' ')})`,
      '',
      `  client_id      ${client.id}`,
      `  client_secret  ${secret}`,
      '',
      'Keep the secret now: it is not stored, and cannot be shown again.',
    ].join('\n'),
  );
}

function unknown(id: string): Refusal {
  return new Refusal(`There is no client ${id}. See: ostiary client list`);
}

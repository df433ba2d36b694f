import { afterAll, describe, expect, it } from 'vitest';
import { documentedOperations, send, type DocumentedOperation } from '../support/operations.js';
import { join, PASSWORD, someone } from '../support/people.js';
import { startService } from '../support/service.js';

// Started here and not in a hook: the documents say which tests there are.
const service = await startService();
const operations = documentedOperations(service).filter(({ fields }) => fields.length > 0);
afterAll(() => service.close());

const NEW = 'new-secure-password-123';

/** What no visitor decides, and what they might try; each name is also sent in camelCase. */
const RAISED = {
  role: 'Admin',
  roles: ['Admin'],
  is_superuser: true,
  is_staff: true,
  is_active: true,
  is_verified: true,
  email_verified: true,
  email_verified_at: '2001-02-03T04:05:06Z',
  id: 999_999,
  user_id: 999_999,
  public_id: '00000000-0000-4000-8000-000000000000',
  password_hash: '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA',
  date_joined: '2001-02-03T04:05:06Z',
  created_at: '2001-02-03T04:05:06Z',
  state: 'active',
};

const LOWERED = {
  ...RAISED,
  role: '',
  is_superuser: false,
  is_staff: false,
  is_active: false,
  is_verified: false,
  email_verified: false,
  email_verified_at: null,
  password_hash: null,
  state: 'disabled',
};

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Each under both names, at the top, below `user`, and by a path. */
function smuggled(values: object): Record<string, unknown> {
  const both = Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => [name, camel(name)].map((it) => [it, value as unknown])),
  );
  const paths = Object.entries(both).map(([name, value]) => [`user.${name}`, value] as const);
  return { ...both, user: both, ...Object.fromEntries(paths) };
}

/** A body that an operation takes, as far as one can know who has just come: names nobody has, and the right passwords. */
function fill({ example, fields }: DocumentedOperation): Record<string, unknown> {
  const isChange = fields.some((name) => /new/i.test(name));
  const valueOf = (name: string, shown: unknown): unknown => {
    if (/email/i.test(name)) return someone();
    if (/username/i.test(name)) return someone().split('@')[0];
    if (/current|old/i.test(name)) return PASSWORD;
    if (/new/i.test(name) || (isChange && /confirm|again|re_?password|2$/i.test(name))) return NEW;
    return /password/i.test(name) ? PASSWORD : shown;
  };
  return Object.fromEntries(
    Object.entries(example).map(([name, shown]) => [name, shown === undefined ? undefined : valueOf(name, shown)]),
  );
}

interface Row {
  id: number;
  public_id: string;
  email_canonical: string;
  email_verified_at: Date | null;
  role: string;
  state: string;
  password_hash: string;
  created_at: Date;
}

const GUARDED = ['id', 'public_id', 'email_verified_at', 'role', 'state', 'password_hash', 'created_at'] as const;

/** What an operation made of whoever called it, and of accounts that it made: what can be compared between two runs. */
async function effectOf(operation: DocumentedOperation, more: object): Promise<object> {
  const { access, user } = await join(service);
  const rows = (): Promise<Row[]> => service.sql<Row>('SELECT * FROM users ORDER BY id');
  const before = await rows();
  const options = operation.takesToken ? { token: access } : {};
  const { status } = await send(service, operation, { ...fill(operation), ...more }, options);
  const after = await rows();
  const was = before.find(({ public_id }) => public_id === user.id);
  const is = after.find(({ public_id }) => public_id === user.id);
  const bystanders = (all: Row[]): Row[] =>
    all.filter(({ id }) => id !== was?.id && before.some((known) => known.id === id));
  return {
    status,
    caller: is && {
      changed: GUARDED.filter((column) => String(is[column]) !== String(was?.[column])),
      role: is.role,
      state: is.state,
      verified: is.email_verified_at !== null,
    },
    made: after
      .filter(({ id }) => !before.some((known) => known.id === id))
      .map((row) => ({
        role: row.role,
        state: row.state,
        verified: row.email_verified_at !== null,
        isNext: row.id < 100_000 && row.public_id !== RAISED.public_id && row.created_at > new Date('2020-01-01'),
        hasOwnHash: row.password_hash.startsWith('$argon2id$') && row.password_hash !== RAISED.password_hash,
      })),
    bystandersAreUnchanged: JSON.stringify(bystanders(after)) === JSON.stringify(bystanders(before)),
  };
}

const UNTOUCHED = {
  caller: { changed: [], role: 'Viewer', state: 'active', verified: true },
  made: [],
  bystandersAreUnchanged: true,
};

describe.each([...new Set(operations.map(({ surface }) => surface))])('surface %s', (surface) => {
  const mine = operations.filter((operation) => operation.surface === surface);

  it.each(mine.map((it) => [it.method, it.path, it] as const))(
    '%s %s does the same with what no visitor decides as without',
    async (_method, _path, operation) => {
      const control = await effectOf(operation, {});
      for (const values of [RAISED, LOWERED]) {
        const effect = await effectOf(operation, smuggled(values));
        // A body that says it takes nothing else may refuse what it does not know.
        const refuses = 'status' in effect && effect.status === 422;
        expect(effect).toEqual(refuses ? { ...UNTOUCHED, status: 422 } : control);
      }
      expect(control).toMatchObject({ bystandersAreUnchanged: true });
    },
  );
});

it('operations that make and change accounts were among them', async () => {
  const effects = await Promise.all(
    operations
      .filter(
        ({ surface, path }) => surface.startsWith('api-auth') && /signup|register|change-password|settings/.test(path),
      )
      .map(async (operation) => (await effectOf(operation, {})) as { status: number }),
  );
  expect(effects.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 201, 201]);
});

// Who may import whom: an allow list, so that a new arrow is a decision. Read it like a table: "from" may import "to".
// The house: surfaces speak, the core decides, the platform carries; imports go down only.

const any = '.*';
const core = (...names) => names.map((name) => `^src/${name}/`);
const FAILURE = '^src/failure\\.ts$';
const PLATFORM = '^src/platform/';
const KIT = '^src/surfaces/kit/';

/** What of the platform is about a request: who may enter, who sent it, and for which page. */
const REQUESTS = '^src/platform/http/(access|client|trusted-origins)\\.ts$';

/** Outside packages that a floor may use, by name. */
const packages = (...names) =>
  names.map((name) =>
    name === 'node' ? '^(node:)?[a-z_/]+$' : `(^|/)node_modules/(@types/)?${name.replace('/', '\\/')}/`,
  );

const NEST = ['@nestjs/common', 'rxjs'];
const CORE_PACKAGES = [...NEST, '@nestjs/typeorm', 'typeorm', 'node'];

const allowed = [
  { from: '^src/(main|application|app\\.module|openapi)\\.ts$', to: [any] },
  // The command line stands beside the surfaces: it speaks to operators, and shares the words that explain a token.
  {
    from: '^src/cli/',
    to: [
      '^src/cli/',
      '^src/app\\.module\\.ts$',
      '^src/surfaces/oauth/explanations\\.ts$',
      ...core('users', 'tokens', 'clients', 'mail', 'auth'),
      PLATFORM,
      FAILURE,
      ...packages(...NEST, '@nestjs/core', 'commander', 'nodemailer', 'pg', 'node'),
    ],
  },
  { from: '^src/surfaces/index\\.ts$', to: ['^src/surfaces/[^/]+/surface\\.ts$'] },
  {
    from: '^src/surfaces/(?!kit/)([^/]+)/',
    to: [
      '^src/surfaces/$1/',
      KIT,
      ...core('users', 'tokens', 'clients', 'profile', 'auth'),
      FAILURE,
      // Addresses of our own in an answer begin with where browsers reach the service.
      '^src/platform/config/environment\\.ts$',
      REQUESTS,
      ...packages(...NEST, '@nestjs/swagger', 'fastify', 'node'),
    ],
  },
  // The kit knows no dialect; `kit/drf` is what four of them are made of, `kit/fastapi` what one is, and the rest of the
  // kit does not know them. What an address is, the core decides alone.
  {
    from: '^src/surfaces/kit/(drf|fastapi)/',
    to: [
      '^src/surfaces/kit/($1/)?[^/]+\\.ts$',
      FAILURE,
      '^src/users/email-address\\.ts$',
      ...packages(...NEST, '@nestjs/swagger', 'class-validator'),
    ],
  },
  {
    from: '^src/surfaces/kit/[^/]+\\.ts$',
    to: [
      '^src/surfaces/kit/[^/]+\\.ts$',
      FAILURE,
      REQUESTS,
      ...packages(
        ...NEST,
        '@nestjs/core',
        '@nestjs/passport',
        // For what a route tells Fastify about its body.
        '@nestjs/platform-fastify',
        '@nestjs/swagger',
        'class-validator',
        'class-transformer',
        'fastify',
        '@fastify/busboy',
        'handlebars',
        'negotiator',
        'secure-json-parse',
        'node',
      ),
    ],
  },
  {
    from: '^src/auth/',
    to: [
      ...core('auth', 'users', 'tokens', 'mail', 'limits'),
      PLATFORM,
      FAILURE,
      ...packages(
        ...CORE_PACKAGES,
        '@nestjs/passport',
        '@nestjs/schedule',
        'passport-jwt',
        'passport-local',
        '@zxcvbn-ts/language-common',
      ),
    ],
  },
  { from: '^src/profile/', to: [...core('profile', 'users'), PLATFORM, FAILURE, ...packages(...CORE_PACKAGES)] },
  { from: '^src/users/', to: [...core('users'), PLATFORM, FAILURE, ...packages(...CORE_PACKAGES)] },
  { from: '^src/clients/', to: [...core('clients', 'limits'), PLATFORM, FAILURE, ...packages(...CORE_PACKAGES)] },
  {
    from: '^src/limits/',
    to: [...core('limits'), PLATFORM, FAILURE, ...packages(...CORE_PACKAGES, 'rate-limiter-flexible')],
  },
  {
    from: '^src/tokens/',
    to: [...core('tokens'), PLATFORM, FAILURE, ...packages(...CORE_PACKAGES, '@nestjs/jwt', '@nestjs/schedule')],
  },
  {
    from: '^src/mail/',
    to: [...core('mail'), PLATFORM, FAILURE, ...packages(...CORE_PACKAGES, '@nestjs-modules/mailer', 'handlebars')],
  },
  {
    from: PLATFORM,
    to: [
      PLATFORM,
      '^migrations/index\\.ts$',
      ...packages(
        ...CORE_PACKAGES,
        '@nestjs/core',
        '@nestjs/platform-fastify',
        '@electric-sql/pglite',
        '@fastify/cookie',
        '@fastify/helmet',
        'argon2',
        'class-transformer',
        'class-validator',
        'fastify',
        'handlebars',
        'p-limit',
        'pg',
        'reflect-metadata',
        'pino',
        'sharp',
      ),
    ],
  },
  { from: '^migrations/', to: ['^migrations/', ...packages('typeorm')] },
];

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Modules that need each other are one module; with ES modules a circle of values fails at load.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'tables-stay-home',
      comment: 'A table has one owner; only the account may travel.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/.*\\.entity\\.ts$', pathNot: ['^src/$1/', '^src/users/user\\.entity\\.ts$'] },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing imports is dead.',
      severity: 'error',
      from: { orphan: true, path: '^src/' },
      to: {},
    },
  ],
  allowed: allowed.map(({ from, to }) => ({ from: { path: from }, to: { path: to } })),
  allowedSeverity: 'error',
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};

import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { plainToInstance, Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  validateSync,
  type ValidationError,
} from 'class-validator';
import { Each, Fits } from './rules.js';

/** Memory of one argon2id hash in KiB, and passes over it: the floor of the OWASP password storage sheet. */
export const ARGON2_FLOOR = { memoryKib: 19_456, timeCost: 2 } as const;

/**
 * What the process is told from outside. `.env.example` explains every variable, in this order; a surface adds its own
 * in its `settings.ts`. Nothing outside this folder reads `process.env`.
 */
export class Environment {
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: 'development' | 'test' | 'production' = 'development';

  @IsOptional()
  @IsString()
  HOST?: string;

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT = 3000;

  @IsOptional()
  @Fits(isWebRoot, 'must be an http(s) URL without query or fragment')
  PUBLIC_URL?: string;

  @IsOptional()
  @Fits((value) => hasScheme(value, 'postgres:', 'postgresql:'), 'must be a postgres:// URL')
  DATABASE_URL?: string;

  @IsString()
  DATA_DIR = '.data';

  @IsOptional()
  @Fits((value) => hasScheme(value, 'smtp:', 'smtps:'), 'must be an smtp:// or smtps:// URL')
  SMTP_URL?: string;

  @IsOptional()
  @Matches(/^(?:[^<>\r\n"]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/, {
    message: 'must be an address, or a name and an address in angle brackets',
  })
  MAIL_FROM?: string;

  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters' })
  @MaxLength(1024)
  SECRET_KEY?: string;

  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters' })
  @MaxLength(1024)
  SECRET_KEY_PREVIOUS?: string;

  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(3_650)
  SIGNING_KEY_ROTATION = 90;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(86_400)
  JWKS_MAX_AGE = 300;

  @Each(isOrigin, 'must be a comma list of origins such as https://app.example.com')
  FRONTEND_ORIGINS = '';

  @IsIn(['documented', 'hidden'])
  ACCOUNT_DISCOVERY: 'documented' | 'hidden' = 'documented';

  @IsIn(['on', 'off'])
  RATE_LIMITS: 'on' | 'off' = 'on';

  @Fits(isProxyTrust, 'must be off, a number of hops, or a comma list of addresses and networks')
  TRUST_PROXY = 'off';

  @IsIn(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'])
  LOG_LEVEL: 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' = 'info';

  @Type(() => Number)
  @IsInt()
  @Min(1024)
  @Max(4_194_304)
  ARGON2_MEMORY_KIB: number = ARGON2_FLOOR.memoryKib;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(64)
  ARGON2_TIME_COST: number = ARGON2_FLOOR.timeCost;

  get isProduction(): boolean {
    return this.NODE_ENV === 'production';
  }

  /** The address to listen on; loopback only in development, since the inbox there shows secrets. */
  get host(): string {
    return this.HOST ?? (this.isProduction ? '0.0.0.0' : 'localhost');
  }

  /** Where a browser reaches this service, without a trailing slash; links in mails begin with it. */
  get publicUrl(): string {
    return (this.PUBLIC_URL ?? `http://localhost:${this.PORT}`).replace(/\/+$/, '');
  }

  /**
   * The `iss` of our tokens. Without `PUBLIC_URL` it leaves the port out, so that several development instances on one
   * database accept each other's tokens.
   */
  get issuer(): string {
    return this.PUBLIC_URL === undefined ? 'http://localhost' : this.publicUrl;
  }

  /** Who mails come from. */
  get mailFrom(): string {
    return this.MAIL_FROM ?? `Ostiary <no-reply@${new URL(this.publicUrl).hostname}>`;
  }

  /** Origins of the front ends: allowed by CORS, and as targets of links that a caller may choose. */
  get frontendOrigins(): readonly string[] {
    return list(this.FRONTEND_ORIGINS).map((origin) => new URL(origin).origin);
  }

  get limitsAreOn(): boolean {
    return this.RATE_LIMITS === 'on';
  }

  /**
   * For Fastify's `trustProxy`: nobody, the nearest so many hops, or these addresses and networks. Hops are for a service
   * that nobody can reach but through its proxies.
   */
  get trustedProxies(): false | string[] | ((address: string, hop: number) => boolean) {
    if (this.TRUST_PROXY === 'off') return false;
    const hops = Number(this.TRUST_PROXY);
    return Number.isInteger(hops) ? (_address, hop) => hop < hops : list(this.TRUST_PROXY);
  }
}

/** A settings class: every field is a variable of that name, with its default and its rules. */
export type SettingsClass<T extends object = object> = new () => T & Settings;

export interface Settings {
  /** What is wrong with the values in production, if anything: sentences that begin with the name of a variable. */
  unfitForProduction?(): readonly string[];
}

/** Thrown at start: `problems` names every missing or unfit variable at once, and never a value. */
export class UnfitEnvironment extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not fit to start with:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'UnfitEnvironment';
  }
}

export interface ReadSettings {
  environment: Environment;
  /** One instance for each class that was asked for, by its class. */
  settings: Map<SettingsClass, Settings>;
}

/**
 * Reads `Environment` and the given settings classes from `source`; a blank value counts as absent.
 * Throws `UnfitEnvironment`.
 */
export function readEnvironment(
  source: Readonly<Record<string, string | undefined>>,
  classes: readonly SettingsClass[] = [],
): ReadSettings {
  const problems: string[] = [];
  const environment = readClass(Environment, source, problems);
  const settings = new Map<SettingsClass, Settings>(classes.map((type) => [type, readClass(type, source, problems)]));
  problems.push(...unfitForProduction(environment));
  if (environment.isProduction) {
    for (const values of settings.values()) problems.push(...(values.unfitForProduction?.() ?? []));
  }
  if (problems.length > 0) throw new UnfitEnvironment(problems);
  return { environment, settings };
}

/** `readEnvironment` over this process: its variables, and under them a `.env` file in the working directory. */
export function readProcessEnvironment(classes: readonly SettingsClass[]): ReadSettings {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return readEnvironment(process.env, classes);
}

/**
 * libuv reads the size of its pool once, and its default of 4 would bound the hashes of a larger machine. On Node 20 the
 * loader has used the pool by now: there, the variable is to be set outside.
 */
export function sizeThreadPool(threads: number): void {
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, threads));
}

/** Must run before `argon2` is imported: it looks for its binary in this folder instead of its own. */
export function setArgon2Folder(folder: string): void {
  process.env.ARGON2_PREBUILD = folder;
}

function readClass<T extends object>(
  type: SettingsClass<T>,
  source: Readonly<Record<string, string | undefined>>,
  problems: string[],
): T {
  const given: Record<string, string> = {};
  for (const name of Object.keys(new type())) {
    const value = source[name]?.trim();
    if (value) given[name] = value;
  }
  const settings = plainToInstance(type, given, { exposeDefaultValues: true });
  problems.push(...validateSync(settings).map(describe));
  return settings;
}

function describe(error: ValidationError): string {
  const reasons = Object.values(error.constraints ?? {}).map((reason) =>
    reason.startsWith(error.property) ? reason.slice(error.property.length + 1) : reason,
  );
  return `${error.property} ${reasons.join(', ')}`;
}

function unfitForProduction(environment: Environment): string[] {
  if (!environment.isProduction) return [];
  const problems = (['DATABASE_URL', 'SMTP_URL', 'SECRET_KEY', 'PUBLIC_URL'] as const)
    .filter((name) => environment[name] === undefined)
    .map((name) => `${name} is required in production`);
  if (environment.SECRET_KEY !== undefined && isWellKnown(environment.SECRET_KEY, environment.DATABASE_URL)) {
    problems.push('SECRET_KEY must be random: make one with `openssl rand -hex 32`');
  }
  if (environment.RATE_LIMITS === 'off') problems.push('RATE_LIMITS may not be off in production');
  if (environment.ARGON2_MEMORY_KIB < ARGON2_FLOOR.memoryKib) {
    problems.push(`ARGON2_MEMORY_KIB may not be lower than ${ARGON2_FLOOR.memoryKib} in production`);
  }
  if (environment.ARGON2_TIME_COST < ARGON2_FLOOR.timeCost) {
    problems.push(`ARGON2_TIME_COST may not be lower than ${ARGON2_FLOOR.timeCost} in production`);
  }
  return problems;
}

function isWellKnown(secret: string, databaseUrl: string | undefined): boolean {
  const password = databaseUrl && URL.canParse(databaseUrl) ? decodeURIComponent(new URL(databaseUrl).password) : '';
  return (
    secret === password ||
    new Set(secret).size < 4 ||
    /^(?:(?:change-?me|secret|password|default)[-_]?)+$/i.test(secret)
  );
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function hasScheme(value: unknown, ...schemes: string[]): boolean {
  return typeof value === 'string' && URL.canParse(value) && schemes.includes(new URL(value).protocol);
}

function isWebRoot(value: unknown): boolean {
  return typeof value === 'string' && hasScheme(value, 'http:', 'https:') && !/[?#]/.test(value);
}

function isOrigin(value: string): boolean {
  return hasScheme(value, 'http:', 'https:') && new URL(value).origin === value.replace(/\/$/, '').toLowerCase();
}

function isProxyTrust(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    (value === 'off' ||
      /^[1-9]\d?$/.test(value) ||
      list(value).every((item) => /^(?:loopback|linklocal|uniquelocal|[0-9a-f.:]+(?:\/\d{1,3})?)$/i.test(item)))
  );
}

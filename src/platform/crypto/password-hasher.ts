import { availableParallelism } from 'node:os';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import pLimit from 'p-limit';
import { Environment } from '../config/environment.js';
import { currentClient, networkOf } from '../http/client.js';
import { argon2, argon2Build } from './argon2-build.js';

/** Hashes that may wait for each core; at some 40 hashes a second and core the last one waits little over a second. */
const QUEUE_PER_CORE = 50;

/** The part of the queue that one network may fill, so that nobody keeps all others waiting. */
const SHARE_OF_A_NETWORK = 1 / 4;

/** Thrown instead of queueing further; `retryAfter` is in seconds. */
export class HashBudgetSpent extends Error {
  override name = 'HashBudgetSpent';
  readonly retryAfter = 2;
}

export interface Verification {
  matches: boolean;
  /** The hash was made with other settings than today's: hash the password again while it is at hand. */
  isOutdated: boolean;
}

interface Scheme {
  verify(hash: string, password: string): Promise<boolean>;
  isOutdated(hash: string): boolean;
}

/**
 * Makes and checks password hashes, at most as many at once as there are cores. A stored hash names its scheme by its
 * prefix (PHC string format), and the prefix chooses the verifier; new hashes are always argon2id.
 */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly logger = new Logger(PasswordHasher.name);
  private readonly cores = availableParallelism();
  private readonly budget = pLimit(this.cores);
  private readonly options: { type: 2; memoryCost: number; timeCost: number; parallelism: number };
  private readonly schemes: ReadonlyMap<string, Scheme>;
  private readonly underWay = new Map<string, number>();
  private decoy = '';

  constructor(private readonly environment: Environment) {
    this.options = {
      type: argon2.argon2id,
      memoryCost: environment.ARGON2_MEMORY_KIB,
      timeCost: environment.ARGON2_TIME_COST,
      parallelism: 1,
    };
    this.schemes = new Map([
      [
        '$argon2id$',
        {
          verify: (hash, password) => argon2.verify(hash, password),
          isOutdated: (hash) => argon2.needsRehash(hash, this.options),
        },
      ],
    ]);
  }

  async onModuleInit(): Promise<void> {
    this.decoy = await argon2.hash('the password of nobody', this.options);
    const { memoryCost, timeCost, parallelism } = this.options;
    this.logger.log(`argon2id m=${memoryCost} KiB, t=${timeCost}, p=${parallelism}; ${argon2Build} build`);
  }

  /** A PHC string of argon2id. Throws `HashBudgetSpent`. */
  hash(password: string): Promise<string> {
    return this.withinBudget(() => argon2.hash(password, this.options));
  }

  /**
   * For `null`, an unknown scheme or a hash that cannot be read, does the work of a real check and answers "no", so that
   * neither time nor error tells whether there was something to check. Throws `HashBudgetSpent`.
   */
  async verify(hash: string | null, password: string): Promise<Verification> {
    const scheme = hash === null ? undefined : this.schemeOf(hash);
    return this.withinBudget(async () => {
      if (hash === null || scheme === undefined) {
        await argon2.verify(this.decoy, password);
        return { matches: false, isOutdated: false };
      }
      const matches = await scheme.verify(hash, password).catch(() => false);
      return { matches, isOutdated: matches && scheme.isOutdated(hash) };
    });
  }

  private schemeOf(hash: string): Scheme | undefined {
    const [prefix] = /^\$[^$]+\$/.exec(hash) ?? [];
    return prefix === undefined ? undefined : this.schemes.get(prefix);
  }

  private async withinBudget<T>(work: () => Promise<T>): Promise<T> {
    const places = this.cores * QUEUE_PER_CORE;
    if (this.budget.pendingCount >= places) throw new HashBudgetSpent();
    const { ip } = currentClient();
    if (ip === null || !this.environment.limitsAreOn) return this.budget(work);
    const network = networkOf(ip);
    const others = this.underWay.get(network) ?? 0;
    if (others >= places * SHARE_OF_A_NETWORK) throw new HashBudgetSpent();
    this.underWay.set(network, others + 1);
    try {
      return await this.budget(work);
    } finally {
      const left = (this.underWay.get(network) ?? 1) - 1;
      if (left === 0) this.underWay.delete(network);
      else this.underWay.set(network, left);
    }
  }
}

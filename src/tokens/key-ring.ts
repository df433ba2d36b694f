import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Notifications, type Unlisten } from '../platform/database/notifications.js';
import { KEYS_CHANNEL, KEYS_POLL, KeyStore, SIGNING_ALGORITHM } from './key-store.js';
import { stateOf, type SigningKey } from './signing-key.entity.js';

export { SIGNING_ALGORITHM };

export interface CurrentKey {
  kid: string;
  privateKey: KeyObject;
}

/** A public key as RFC 7517 writes it, and nothing else of it. */
export interface PublicJwk {
  kty: string;
  crv: string;
  x: string;
  y: string;
  kid: string;
  use: 'sig';
  alg: string;
}

/** Milliseconds between two looks at the database for a key that a token names and nobody knows. */
const LOOK_AGAIN_MS = 100;

/** A thumbprint by SHA-256. */
const KID = /^[\w-]{43}$/;

type HeldKey = Omit<SigningKey, 'sealedPrivateKey'> & { publicKey: KeyObject; privateKey: KeyObject | null };

/**
 * The keys, in memory: the one that signs, and every public key whose tokens may still live. It needs no database to
 * answer, and follows it while the service runs. The first start makes the first key.
 */
@Injectable()
export class KeyRing implements OnModuleInit {
  private readonly logger = new Logger(KeyRing.name);
  private held: readonly HeldKey[] = [];
  private unlisten: Unlisten | undefined;
  private poll: NodeJS.Timeout | undefined;
  private loading: Promise<void> | undefined;
  private seeking: Promise<void> | undefined;
  private lookedAt = 0;

  constructor(
    private readonly store: KeyStore,
    private readonly notifications: Notifications,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.load();
    if (this.held.length === 0) {
      await this.store.createFirst();
      await this.load();
    }
  }

  /** Follows the database from now on, until `stop`. */
  watch(): void {
    const look = (): void => void this.reload();
    this.unlisten = this.notifications.listen(KEYS_CHANNEL, look);
    this.poll = setInterval(look, KEYS_POLL * 1000).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.poll);
    await this.unlisten?.();
    await this.loading;
  }

  get signing(): CurrentKey {
    const now = new Date();
    const able = this.held.filter((key) => key.privateKey !== null && !['retired', 'revoked'].includes(stateOf(key)));
    // A clock that was set back is no reason to sign nothing.
    const key = able.findLast(({ signsFrom }) => signsFrom <= now) ?? able[0];
    if (key?.privateKey == null) throw new Error('there is no signing key yet');
    return { kid: key.kid, privateKey: key.privateKey };
  }

  /** `undefined` for every name that is not one of ours; a token cannot bring a key of its own. */
  publicKey(kid: unknown): KeyObject | undefined {
    return this.published.find((key) => key.kid === kid)?.publicKey;
  }

  /** What verifiers may know: keys that will sign, that sign, and whose tokens may live. */
  publicJwks(): PublicJwk[] {
    return this.published.map(({ kid, algorithm, publicJwk: { kty = '', crv = '', x = '', y = '' } }) => ({
      kty,
      crv,
      x,
      y,
      kid,
      use: 'sig',
      alg: algorithm,
    }));
  }

  /**
   * Looks into the database for a key that a token names and that is not known here yet; all who seek share one look: an
   * instance that hears late must not refuse what another one signed.
   */
  async seek(kid: unknown): Promise<void> {
    if (typeof kid !== 'string' || !KID.test(kid) || this.held.some((key) => key.kid === kid)) return;
    this.seeking ??= this.lookAgain().finally(() => (this.seeking = undefined));
    await this.seeking;
  }

  /** The state of any key there ever was here, by its name. */
  async stateOf(kid: string): Promise<{ state: ReturnType<typeof stateOf>; revokedAt: Date | null } | null> {
    const key = (await this.store.all()).find((it) => it.kid === kid);
    return key === undefined ? null : { state: stateOf(key), revokedAt: key.revokedAt };
  }

  /** Never throws: what is known stays known while the database is away. */
  reload(): Promise<void> {
    this.loading ??= this.load()
      .catch((error: unknown) => this.logger.debug(`the keys could not be read again: ${String(error)}`))
      .finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async lookAgain(): Promise<void> {
    await setTimeout(Math.max(0, LOOK_AGAIN_MS - (performance.now() - this.lookedAt)));
    await this.reload();
  }

  private get published(): HeldKey[] {
    return this.held.filter((key) => !['retired', 'revoked'].includes(stateOf(key)));
  }

  private async load(): Promise<void> {
    this.lookedAt = performance.now();
    const known = new Map(this.held.map((key) => [key.kid, key]));
    this.held = (await this.store.all()).map((key) => this.hold(key, known.get(key.kid)));
  }

  private hold(key: SigningKey, known: HeldKey | undefined): HeldKey {
    const { sealedPrivateKey, ...facts } = key;
    const publicKey = known?.publicKey ?? createPublicKey({ key: key.publicJwk, format: 'jwk' });
    const signs = ['next', 'signing'].includes(stateOf(key)) && sealedPrivateKey !== null;
    const privateKey = signs ? (known?.privateKey ?? createPrivateKey(this.store.unseal(key))) : null;
    return { ...facts, publicKey, privateKey };
  }
}

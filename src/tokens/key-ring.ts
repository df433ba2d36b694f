import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { MasterKey } from '../platform/crypto/master-key.js';
import { SigningKey } from './signing-key.entity.js';

export const SIGNING_ALGORITHM = 'ES256';

const SEAL = 'signing keys';

export interface CurrentKey {
  kid: string;
  privateKey: KeyObject;
}

/** The key that signs, and every public key whose tokens may still live. The first start makes the first key. */
@Injectable()
export class KeyRing implements OnModuleInit {
  private current: CurrentKey | undefined;
  private readonly publicKeys = new Map<string, KeyObject>();

  constructor(
    @InjectRepository(SigningKey) private readonly keys: Repository<SigningKey>,
    private readonly masterKey: MasterKey,
  ) {}

  async onModuleInit(): Promise<void> {
    if ((await this.load()) === undefined) {
      await this.createFirst();
      await this.load();
    }
  }

  get signing(): CurrentKey {
    if (this.current === undefined) throw new Error('there is no signing key yet');
    return this.current;
  }

  /** `undefined` for every name that is not one of ours; a token cannot bring a key of its own. */
  publicKey(kid: unknown): KeyObject | undefined {
    return typeof kid === 'string' ? this.publicKeys.get(kid) : undefined;
  }

  private async load(): Promise<CurrentKey | undefined> {
    for (const key of await this.keys.find()) {
      this.publicKeys.set(key.kid, createPublicKey({ key: key.publicJwk, format: 'jwk' }));
      if (key.state === 'signing') {
        this.current = { kid: key.kid, privateKey: createPrivateKey(this.unseal(key)) };
      }
    }
    return this.current;
  }

  /** Several instances may start at once: the index on the signing state lets one key in, and all load that one. */
  private async createFirst(): Promise<void> {
    const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
    const publicJwk = publicKey.export({ format: 'jwk' });
    const { crv, kty, x, y } = publicJwk;
    const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await this.keys
      .createQueryBuilder()
      .insert()
      .values({
        kid,
        algorithm: SIGNING_ALGORITHM,
        publicJwk: { ...publicJwk, kid, use: 'sig', alg: SIGNING_ALGORITHM },
        sealedPrivateKey: this.masterKey.seal(SEAL, pem, kid),
        state: 'signing',
        createdAt: new Date(),
      })
      .orIgnore()
      .execute();
  }

  private unseal(key: SigningKey): string {
    try {
      return this.masterKey.open(SEAL, key.sealedPrivateKey, key.kid);
    } catch (cause) {
      throw new Error(
        'The signing key in this database was sealed under another SECRET_KEY. Start with that one; in development it ' +
          'is kept in DATA_DIR.',
        { cause },
      );
    }
  }
}

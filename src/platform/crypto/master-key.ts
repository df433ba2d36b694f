import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a sealed value cannot be opened with: another `SECRET_KEY`, another context, or a changed value. */
export class UnsealError extends Error {
  override name = 'UnsealError';
}

/**
 * Everything that `SECRET_KEY` protects goes through here; each purpose works under a key of its own, derived by HKDF
 * (RFC 5869), so that no output of one purpose is of use in another.
 */
export class MasterKey {
  private readonly derived = new Map<string, Buffer>();

  /** `previous`: what values may still be sealed under, while the key is being replaced. */
  constructor(
    private readonly secretKey: string,
    private readonly previous?: string,
  ) {}

  /** Encrypts by AES-256-GCM; `context` is authenticated, so a sealed value cannot be moved to another row. */
  seal(purpose: string, plain: string, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.keyFor(purpose, this.secretKey), nonce).setAAD(
      Buffer.from(context),
    );
    const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** Throws `UnsealError`. */
  open(purpose: string, sealed: Buffer, context: string): string {
    try {
      return this.openWith(this.secretKey, purpose, sealed, context);
    } catch (cause) {
      if (this.previous !== undefined) {
        try {
          return this.openWith(this.previous, purpose, sealed, context);
        } catch {
          // Told below: which of the two it was meant for cannot be known.
        }
      }
      throw new UnsealError(`a value sealed for ${purpose} does not open`, { cause });
    }
  }

  /** Whether a value is sealed under the present key; `false` for one that does not open at all. */
  isCurrent(purpose: string, sealed: Buffer, context: string): boolean {
    try {
      this.openWith(this.secretKey, purpose, sealed, context);
      return true;
    } catch {
      return false;
    }
  }

  /** HMAC-SHA-256, for secrets short enough to guess, such as codes: without the key a copy of the table is no help. */
  mac(purpose: string, text: string): Buffer {
    return this.macWith(this.secretKey, purpose, text);
  }

  /** Every value that `mac` may have given for this text: one for each key that is accepted. */
  macs(purpose: string, text: string): Buffer[] {
    return [this.secretKey, this.previous]
      .filter((key) => key !== undefined)
      .map((key) => this.macWith(key, purpose, text));
  }

  private macWith(secretKey: string, purpose: string, text: string): Buffer {
    return createHmac('sha256', this.keyFor(purpose, secretKey)).update(text, 'utf8').digest();
  }

  private openWith(secretKey: string, purpose: string, sealed: Buffer, context: string): string {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const key = this.keyFor(purpose, secretKey);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
    return decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  }

  private keyFor(purpose: string, secretKey: string): Buffer {
    const name = `${secretKey === this.secretKey ? 'present' : 'previous'} ${purpose}`;
    let key = this.derived.get(name);
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', secretKey, '', `ostiary ${purpose}`, 32));
      this.derived.set(name, key);
    }
    return key;
  }
}

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

  constructor(private readonly secretKey: string) {}

  /** Encrypts by AES-256-GCM; `context` is authenticated, so a sealed value cannot be moved to another row. */
  seal(purpose: string, plain: string, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.keyFor(purpose), nonce).setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** Throws `UnsealError`. */
  open(purpose: string, sealed: Buffer, context: string): string {
    try {
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', this.keyFor(purpose), nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      return decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new UnsealError(`a value sealed for ${purpose} does not open`, { cause });
    }
  }

  /** HMAC-SHA-256, for secrets short enough to guess, such as codes: without the key a copy of the table is no help. */
  mac(purpose: string, text: string): Buffer {
    return createHmac('sha256', this.keyFor(purpose)).update(text, 'utf8').digest();
  }

  private keyFor(purpose: string): Buffer {
    let key = this.derived.get(purpose);
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', this.secretKey, '', `ostiary ${purpose}`, 32));
      this.derived.set(purpose, key);
    }
    return key;
  }
}

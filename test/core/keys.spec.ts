import { expect, it } from 'vitest';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { createDatabase, isEmbedded, startService } from '../support/service.js';

it.skipIf(isEmbedded)(
  'instances that start together on an empty database agree on one signing key, kept sealed',
  async () => {
    const database = await createDatabase();
    const services = await Promise.all([1, 2, 3].map(() => startService({}, { database })));
    try {
      const kids = services.map((service) => service.get(KeyRing).signing.kid);
      expect(new Set(kids).size).toBe(1);
      const keys = await services[0]!.sql<{
        kid: string;
        public_jwk: Record<string, string>;
        sealed_private_key: Buffer;
        row: string;
      }>('SELECT *, k::text AS row FROM signing_keys k');
      expect(keys).toHaveLength(1);
      const [key] = keys;
      expect(key!.kid).toBe(kids[0]);
      expect(key!.public_jwk).toEqual({
        kty: 'EC',
        crv: 'P-256',
        x: expect.any(String) as string,
        y: expect.any(String) as string,
        kid: kids[0],
        use: 'sig',
        alg: 'ES256',
      });
      expect(key!.row).not.toContain('PRIVATE');
      expect(key!.sealed_private_key.toString('latin1')).not.toContain('PRIVATE');
      const { privateKey } = services[0]!.get(KeyRing).signing;
      const { d } = privateKey.export({ format: 'jwk' });
      expect(key!.sealed_private_key.includes(Buffer.from(d!, 'base64url'))).toBe(false);
    } finally {
      for (const service of services) await service.close();
      await database.drop();
    }
  },
);

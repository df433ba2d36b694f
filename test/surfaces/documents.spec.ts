import { afterAll, beforeAll, expect, it } from 'vitest';
import { SURFACES } from '../../src/app.module.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

interface Operation {
  requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> };
  responses: Record<string, { content?: Record<string, { examples?: Record<string, { value: unknown }> }> }>;
}

const DOCUMENTS = SURFACES.filter(({ document }) => document !== undefined).map(({ name }) => name);

it.each(DOCUMENTS)('what the document of %s says is refused is what is sent, word for word', async (name) => {
  const { body: document } = await service.request<{ paths: Record<string, Record<string, Operation>> }>(
    'GET',
    `/docs/${name}.json`,
  );
  const provoke: Record<string, { body?: unknown; headers?: Record<string, string> }> = {
    malformed_json: { body: 'x' },
    body_not_an_object: { body: [] },
    unsupported_media_type: { body: '<a/>', headers: { 'content-type': 'application/xml' } },
    not_acceptable: { headers: { accept: 'application/xml' } },
    body_too_large: { body: { x: 'x'.repeat(300_000) } },
    not_authenticated: {},
    malformed_authorization_header: { headers: { authorization: 'Bearer' } },
    access_token_invalid: { headers: { authorization: 'Bearer x' } },
  };
  let compared = 0;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const isProtected =
        operation.responses['401']?.content?.['application/json']?.examples?.not_authenticated !== undefined;
      // A larger body is read only once somebody is let in.
      const takesFiles =
        operation.responses['400']?.content?.['application/json']?.examples?.picture_too_large !== undefined;
      for (const [status, { content }] of Object.entries(operation.responses)) {
        for (const [code, { value }] of Object.entries(content?.['application/json']?.examples ?? {})) {
          const attempt = provoke[code];
          const needsCaller =
            isProtected && !code.startsWith('not_a') && !code.includes('author') && !code.startsWith('access');
          if (code === 'body_too_large' && takesFiles) continue;
          if (attempt === undefined || (needsCaller && code !== 'body_too_large')) continue;
          // A token in the body, not in the header.
          if (!isProtected && code.startsWith('access')) continue;
          const answer = await service.request(method.toUpperCase(), path.replace(/\{\w+\}/g, 'x'), attempt);
          expect([path, method, code, String(answer.status), answer.body]).toEqual([path, method, code, status, value]);
          compared += 1;
        }
      }
    }
  }
  expect(compared).toBeGreaterThan(10);
});

it('every document is served, and the page that shows them switches between them', async () => {
  const page = await service.request<string>('GET', '/docs');
  expect(page.status).toBe(200);
  const script = await service.request<string>('GET', '/docs/swagger-ui-init.js');
  expect(script.body).toContain('"/docs/api-auth.json"');
  expect(script.body).toContain('"persistAuthorization": true');
  expect((await service.request('GET', '/docs/api-auth.json')).headers.get('content-type')).toContain(
    'application/json',
  );
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { join } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
let token: string;
beforeAll(async () => {
  service = await startService();
  ({ access: token } = await join(service));
});
afterAll(() => service.close());

// Left: what is sent; right: what `str` of Python makes of it, which is what the front ends were shown.
it.each([
  ['7', '7'],
  ['-0', '0'],
  ['1.0', '1.0'],
  ['-0.0', '-0.0'],
  ['1.10', '1.1'],
  ['1.5', '1.5'],
  ['1e5', '100000.0'],
  ['1E+5', '100000.0'],
  ['1e15', '1000000000000000.0'],
  ['1e16', '1e+16'],
  ['1e30', '1e+30'],
  ['0.0001', '0.0001'],
  ['0.00001', '1e-05'],
  ['1.25e-7', '1.25e-07'],
  ['12345678901234567890', '12345678901234567890'],
  ['9007199254740993', '9007199254740993'],
  ['1e999', 'inf'],
  ['"1.0"', '1.0'],
  ['"say \\"1.0\\" and 1e5"', 'say "1.0" and 1e5'],
])('%s is the text %s', async (sent, text) => {
  const answer = await service.request<{ country: string }>('POST', '/accounts/api/update/profile/', {
    token,
    body: `{"country": ${sent}, "other": [1.0, {"deep": 1e5}]}`,
  });
  expect([answer.status, answer.body.country]).toEqual([200, text]);
});

it.each([
  ['1.0', 'float'],
  ['1e2', 'float'],
  ['12345678901234567890', 'int'],
])('a body that is %s is called %s', async (body, type) => {
  const answer = await service.request('POST', '/api/auth/register/', { body });
  expect(answer.body).toEqual({ non_field_errors: [`Invalid data. Expected a dictionary, but got ${type}.`] });
});

it('a nought is nothing where a text is looked for by hand, however it is written', async () => {
  const answer = await service.request('POST', '/api/auth/password-reset/', { body: '{"email": 0.0}' });
  expect(answer.body).toEqual({ detail: 'Email is required' });
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { invite, joinAccounts, linkIn, logIn, mailAbout, newcomer, post, type Tokens } from '../support/accounts.js';
import { someone } from '../support/people.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService({ ACCOUNT_DISCOVERY: 'hidden' });
});
afterAll(() => service.close());

const WRONG = { detail: 'Email or Password in incorrect', msg: 'Email or Password in incorrect' };

it('registration answers a taken address as any other, and its owner gets a mail', async () => {
  const { email } = await joinAccounts(service);
  const body = newcomer({ email });
  const answer = await post<{ msg: string }>(service, 'registration/', body);
  expect(answer.status).toBe(201);
  expect(answer.body.msg).toContain(`Congrats! ${body.username} your successfully registered`);
  await mailAbout(service, email, 'You already have an account');
  const free = newcomer();
  expect((await post<{ msg: string }>(service, 'registration/', free)).body.msg.replace(free.username, '')).toBe(
    answer.body.msg.replace(body.username, ''),
  );
});

it('a taken username is told, since it is no address', async () => {
  const { username } = await joinAccounts(service);
  const answer = await post(service, 'registration/', newcomer({ username }));
  expect([answer.status, answer.body]).toEqual([400, { username: ['A user with that username already exists.'] }]);
});

it('a new activation link is promised to every address', async () => {
  const known = await invite(service);
  const { email: verified } = await joinAccounts(service);
  const answers = [];
  for (const email of [known.email, verified, someone()]) {
    const { status, body } = await post<Tokens>(service, 'get/acctivation/token/', { email });
    answers.push([status, body.msg, Object.keys(body)]);
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  const { uid, token } = linkIn(await mailAbout(service, known.email, 'Activate your account', 2));
  expect((await post(service, `verify/token/${uid}/${token}/`)).status).toBe(200);
});

it('login does not tell who has not activated their account yet', async () => {
  const { email } = await invite(service);
  for (const state of ['pending', 'active']) {
    await service.sql('UPDATE users SET state = $2 WHERE email = $1', [email, state]);
    const answer = await logIn(service, email);
    expect([state, answer.status, answer.body]).toEqual([state, 401, WRONG]);
  }
});

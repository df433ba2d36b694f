import { setImmediate, setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Environment } from '../platform/config/environment.js';

/** Milliseconds. Longer than any of these stories takes on a machine that is not overloaded. */
const STEP_MS = 250;

/** The same for a login, which is one hash and nothing else that takes long. */
export const LOGIN_STEP_MS = 50;

/** Keeps from strangers what the time of an answer would tell about an address (decision 23). */
@Injectable()
export class Concealment {
  constructor(private readonly environment: Environment) {}

  get isOn(): boolean {
    return this.environment.ACCOUNT_DISCOVERY === 'hidden';
  }

  /**
   * Where discovery is hidden, `work` is answered a multiple of `stepMs` after it began, whether it succeeds or fails;
   * otherwise as soon as it is done.
   */
  async conceal<T>(work: () => Promise<T>, stepMs = STEP_MS): Promise<T> {
    if (!this.isOn) return work();
    const began = performance.now();
    try {
      return await work();
    } finally {
      await until(began + Math.ceil((performance.now() - began) / stepMs) * stepMs);
    }
  }
}

/** To the moment: timers count whole milliseconds, and what they leave over would tell how long the work took. */
async function until(moment: number): Promise<void> {
  await setTimeout(Math.max(0, moment - performance.now() - 2));
  while (performance.now() < moment) await setImmediate();
}

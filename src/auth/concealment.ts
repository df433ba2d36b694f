import { setTimeout } from 'node:timers/promises';
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
      const elapsed = performance.now() - began;
      await setTimeout(Math.ceil(elapsed / stepMs) * stepMs - elapsed);
    }
  }
}

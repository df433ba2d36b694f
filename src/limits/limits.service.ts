import { Injectable } from '@nestjs/common';
import { Failure } from '../failure.js';
import { Environment } from '../platform/config/environment.js';
import { MasterKey } from '../platform/crypto/master-key.js';
import { currentClient, networkOf } from '../platform/http/client.js';
import { LIMITS, type Layer, type Scope, type Story } from './limit-table.js';
import { LimitStore, type Slot } from './limit-store.js';

const PURPOSE = 'rate limits';

/** An attempt that was counted. */
export interface Attempt {
  /** It was no guess: everything that it took is given back, and nothing that others took. */
  giveBack(): void;
  /** `giveBack`, and this network is from now on one that the account was signed in from. */
  succeed(): void;
}

const UNLIMITED: Attempt = { giveBack: () => undefined, succeed: () => undefined };

/**
 * Counts attempts across all surfaces, before they are looked at. Nothing here depends on whether an account exists:
 * `person` is whoever was named.
 */
@Injectable()
export class LimitsService {
  constructor(
    private readonly environment: Environment,
    private readonly masterKey: MasterKey,
    private readonly store: LimitStore,
  ) {}

  /** `person`: an account or an address in its one spelling; `null` where nobody is named. Throws `too_many_requests`. */
  async count(story: Story, person: string | null = null): Promise<Attempt> {
    if (!this.environment.limitsAreOn) return UNLIMITED;
    const network = networkOf(currentClient().ip);
    const layers: readonly Layer[] = LIMITS[story];
    const slots = layers.flatMap((layer, rank): Slot[] => {
      if (person === null && layer.scope !== 'network') return [];
      return [{ key: this.keyOf(story, rank, ...namesOf(layer.scope, person, network)), rank, layer }];
    });
    const familiar = this.keyOf('familiar', person, network);
    const taken = await this.store.take(slots, familiar);
    if ('wait' in taken) {
      throw new Failure('too_many_requests', { retryAfter: Math.max(1, Math.ceil(taken.wait / 1000)) });
    }
    const giveBack = (): void => void this.store.giveBack(slots, taken.where);
    return {
      giveBack,
      succeed: () => {
        giveBack();
        this.store.markFamiliar(familiar);
      },
    };
  }

  /** Answers how many windows that are over went. */
  purge(): Promise<number> {
    return this.store.purge();
  }

  private keyOf(...names: unknown[]): Buffer {
    return this.masterKey.mac(PURPOSE, JSON.stringify(names));
  }
}

function namesOf(scope: Scope, person: string | null, network: string): unknown[] {
  switch (scope) {
    case 'person_here':
      return [person, network];
    case 'person':
      return [person];
    case 'network':
      return [network];
  }
}

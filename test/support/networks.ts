import { asClient } from '../../src/platform/http/client.js';

/** Calls the core as a request from this address would. */
export function from<T>(ip: string, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asClient({ ip, headers: {} } as Parameters<typeof asClient>[0], () => void work().then(resolve, reject));
  });
}

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Environment, readEnvironment } from '../../src/platform/config/environment.js';
import { SETTINGS_CLASSES } from '../support/service.js';

const lines = readFileSync('.env.example', 'utf8').split('\n');
const declared = lines.flatMap((line) => /^([A-Z0-9_]+)=/.exec(line)?.[1] ?? []);
const classes = [Environment, ...SETTINGS_CLASSES];

describe('.env.example', () => {
  it('names every variable of the settings classes, in their order, and no other', () => {
    expect(declared).toEqual(classes.flatMap((type) => Object.keys(new type())));
  });

  it('says what each is for', () => {
    for (const [index, line] of lines.entries()) {
      if (!/^[A-Z]/.test(line)) continue;
      const above = lines.slice(0, index).toReversed();
      const nearest = above.find((text) => !/^[A-Z]/.test(text));
      expect([line, nearest]).toEqual([line, expect.stringMatching(/^# /) as string]);
    }
  });

  it('shows the defaults', () => {
    const values = parseEnv(lines.join('\n')) as Record<string, string>;
    for (const type of classes) {
      for (const [name, value] of Object.entries(new type())) {
        expect([name, values[name]]).toEqual([name, value === undefined ? '' : String(value)]);
      }
    }
  });

  it('is fit to start with', () => {
    expect(() => readEnvironment(parseEnv(lines.join('\n')) as Record<string, string>, SETTINGS_CLASSES)).not.toThrow();
  });
});

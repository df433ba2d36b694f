import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runCommand } from '../../src/cli/program.js';
import { readEnvironment } from '../../src/platform/config/environment.js';
import { SETTINGS_CLASSES } from './service.js';

export interface CommandResult {
  code: number;
  out: string;
  error: string;
}

/** One command of the command line, with these variables and nothing else of the process. */
export async function cli(
  variables: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
  input = '',
): Promise<CommandResult> {
  const [out, error] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([text(out), text(error)]);
  const code = await runCommand(args, {
    out,
    error,
    input: Readable.from([input]),
    readSettings: () => readEnvironment(variables, SETTINGS_CLASSES),
  });
  out.end();
  error.end();
  const [written, complained] = await texts;
  return { code, out: written, error: complained };
}

/** `cli`, with `--json`; throws unless the exit code is `expected`. */
export async function cliJson<T>(
  variables: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
  { input = '', expected = 0 } = {},
): Promise<T> {
  const { code, out, error } = await cli(variables, [...args, '--json'], input);
  if (code !== expected) throw new Error(`${args.join(' ')}: exit code ${code}: ${error}`);
  return JSON.parse(out) as T;
}

import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { ExplanationService } from '../../auth/explanation.service.js';
import { describeExplanation } from '../../surfaces/oauth/explanations.js';
import { printable } from '../output.js';
import { Refusal, type Run } from '../session.js';

export function addTokenCommands(program: Command, run: Run): void {
  program
    .command('token')
    .description('tokens, and what is wrong with them')
    .command('explain')
    .description('why a token is good or refused; the exit code is 1 for one that is refused')
    .argument('<jwt>', 'the token, or - to read it from standard input')
    .action(async (argument: string) => {
      const token = (argument === '-' ? await text(run.terminal.input) : argument).trim();
      await run.core(async (get) => {
        const explanation = await get(ExplanationService).explain(token);
        const sentence = printable(describeExplanation(explanation));
        const { code, details, header, claims } = explanation;
        const shown = [header, claims].filter((it) => it !== null).map((it) => printable(JSON.stringify(it)));
        run.output.say(
          { good: code === 'good', code, description: sentence, details, header, claims },
          [`${code}: ${sentence}`, ...shown].join('\n'),
        );
        if (code !== 'good') throw new Refusal('');
      });
    });
}

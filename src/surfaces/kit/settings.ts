import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsIn, IsInt, Matches, Max, Min, ValidateBy } from 'class-validator';

const LONGEST_TTL = 10 * 365 * 86_400;

/** A variable that holds a lifetime in seconds. */
export function Seconds(): PropertyDecorator {
  return applyDecorators(
    Type(() => Number),
    IsInt(),
    Min(1),
    Max(LONGEST_TTL),
  );
}

/** A variable that holds a name for people to read. */
export function DisplayName(): PropertyDecorator {
  return Matches(/^[^\p{C}]{1,100}$/u, { message: 'must have 1 to 100 characters, none of them invisible' });
}

/** A variable that is `on` or `off`. */
export function Switch(): PropertyDecorator {
  return IsIn(['on', 'off']);
}

/** A variable that holds where a mail's link points: an http(s) URL, or a path of our own, with these placeholders. */
export function LinkTemplate(...placeholders: readonly string[]): PropertyDecorator {
  return ValidateBy({
    name: 'linkTemplate',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' && isLink(value) && placeholders.every((name) => value.includes(name)),
      defaultMessage: () => `must be an http(s) URL with ${placeholders.join(' and ')} in it`,
    },
  });
}

function isLink(template: string): boolean {
  const url = template.replace(/[{}]/g, '');
  if (url.startsWith('/')) return !url.startsWith('//');
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
}

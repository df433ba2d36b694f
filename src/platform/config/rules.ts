import { ValidateBy, type ValidationOptions } from 'class-validator';

/** A rule on one variable; `words` follow the variable's name in the message and never hold its value. */
export function Fits(test: (value: unknown) => boolean, words: string, options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    { name: 'fits', validator: { validate: (value: unknown) => test(value), defaultMessage: () => words } },
    options,
  );
}

/** `Fits` on every item of a comma list; an empty list passes. */
export function Each(test: (item: string) => boolean, words: string): PropertyDecorator {
  return Fits(
    (value) =>
      typeof value === 'string' &&
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
        .every(test),
    words,
  );
}

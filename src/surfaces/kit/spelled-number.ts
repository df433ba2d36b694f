import { randomUUID } from 'node:crypto';
import { parse, type ParseOptions } from 'secure-json-parse';

/** A number of a JSON text that Python's `str` would write in another way than JavaScript does, as Python writes it. */
export class SpelledNumber {
  constructor(readonly text: string) {}

  get isInteger(): boolean {
    return /^-?\d+$/.test(this.text);
  }
}

/** What JavaScript may write otherwise: fractions, exponents, integers beyond its precision, and a nought below nought. */
const SUSPECT = /\d[.eE]|\d{16}|-0/;

/** A text, which is left alone, or a number. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

/** Nobody who writes a body can know it. */
const MARK = randomUUID();

/** Whether a JSON text may hold a number that needs `parseSpelled`; most hold none, and need not be read twice. */
export function hasSuspectNumbers(text: string): boolean {
  return SUSPECT.test(text);
}

/** `parse` of a sound JSON text, but numbers that lose their spelling come as `SpelledNumber`. */
export function parseSpelled(text: string, options: ParseOptions): unknown {
  const marked = text.replace(TOKEN, (token) => {
    if (token.startsWith('"')) return token;
    const spelling = asPython(token);
    return spelling === String(Number(token)) ? token : `"${MARK}${spelling}"`;
  });
  return parse(marked, unmark, options);
}

function unmark(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith(MARK) ? new SpelledNumber(value.slice(MARK.length)) : value;
}

/** `str(json.loads(token))`. */
function asPython(token: string): string {
  if (/^-?\d+$/.test(token)) return token === '-0' ? '0' : token;
  const value = Number(token);
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = Object.is(value, -0) ? '-0' : String(value);
  return Number.isInteger(value) ? `${text}.0` : text;
}

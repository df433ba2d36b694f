import { isAscii, isUtf8, transcode } from 'node:buffer';
import { parse } from 'secure-json-parse';
import { Failure } from '../../failure.js';
import { placeOf } from './code-points.js';
import { hasSuspectNumbers, parseSpelled } from './spelled-number.js';

const OPTIONS = { protoAction: 'remove', constructorAction: 'remove' } as const;

/**
 * Throws `malformed_json`. Keys that would reach a prototype are dropped; of a repeated key the last one counts. With
 * `spelled`, numbers that JavaScript would write in another way than Python does come as `SpelledNumber`.
 */
export function readJson(bytes: Buffer, { spelled = false } = {}): unknown {
  const text = decode(bytes);
  // The parser would overlook it.
  if (text.startsWith(BYTE_ORDER_MARK)) throw complaint(text);
  try {
    // What is no JSON is refused before anybody looks at its numbers.
    const value: unknown = parse(text, OPTIONS);
    return spelled && hasSuspectNumbers(text) ? parseSpelled(text, OPTIONS) : value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw complaint(text);
  }
}

interface Complaint {
  message: string;
  /** UTF-16 index. */
  at: number;
  /** The message says it all without a place. */
  isPlaceless?: true;
}

function decode(bytes: Buffer): string {
  // Of a large text that is not all ASCII, V8 would take its time.
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return transcode(bytes, 'utf8', 'utf16le').toString('utf16le');
  const position = firstIllFormedByte(bytes);
  const length = sequenceLength(bytes, position);
  // Python's reader keeps a sequence that the end cuts off for a rest that never comes.
  if (length > 0 && position + length === bytes.length) return decode(bytes.subarray(0, position));
  const where =
    length > 1
      ? `bytes in position ${position}-${position + length - 1}`
      : `byte 0x${bytes[position]?.toString(16).padStart(2, '0')} in position ${position}`;
  const why = length === 0 ? 'invalid start byte' : 'invalid continuation byte';
  const message = `'utf-8' codec can't decode ${where}: ${why}`;
  throw new Failure('malformed_json', { message, position, reason: message });
}

/** How many bytes from here on could begin a character (RFC 3629 §4); 0 where none can. */
function sequenceLength(bytes: Buffer, start: number): number {
  const lead = bytes[start] ?? 0xff;
  const full = fullLength(lead);
  if (full < 2) return full;
  const [low, high] = SECOND_BYTES.get(lead) ?? [0x80, 0xbf];
  let length = 1;
  while (length < full) {
    const next = bytes[start + length] ?? 0;
    if (length === 1 ? next < low || next > high : next < 0x80 || next > 0xbf) break;
    length += 1;
  }
  return length;
}

/** How many bytes a character that begins with this one has; 0 where none does. */
function fullLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Leads after which not every continuation byte may come. */
const SECOND_BYTES: ReadonlyMap<number, readonly [low: number, high: number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);

/** Bytes that are looked at as a whole before one by one, which takes its time. */
const PIECE = 4_096;

/** Sound pieces are passed over; what is left begins with the piece that has the bad byte in it. */
function firstIllFormedByte(bytes: Buffer): number {
  let at = 0;
  for (let end = at; isUtf8(bytes.subarray(at, end)) && at < bytes.length; end = beginOfCharacter(bytes, at + PIECE)) {
    at = end;
  }
  for (;;) {
    const length = sequenceLength(bytes, at);
    if (length === 0 || length < fullLength(bytes[at] ?? 0)) return at;
    at += length;
  }
}

function beginOfCharacter(bytes: Buffer, at: number): number {
  let begin = at;
  while (begin > at - 3 && ((bytes[begin] ?? 0) & 0xc0) === 0x80) begin -= 1;
  return begin;
}

/** As much of a text as is looked through for a fault; nobody is kept waiting for the rest of one with a file in it. */
const EXPLAINED = 256 * 1024;

function complaint(text: string): Failure<'malformed_json'> {
  const { message, at, isPlaceless } = explain(text.slice(0, EXPLAINED));
  const { position, line, column } = placeOf(text, at);
  const reason = isPlaceless ? message : `${message}: line ${line} column ${column} (char ${position})`;
  return new Failure('malformed_json', { message, position, reason });
}

const BYTE_ORDER_MARK = '\ufeff';
const BLANK = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const PLAIN_TEXT = /[^"\\\u0000-\u001f]*/y;
const LITERAL = /true|false|null/y;
const CONSTANT = /NaN|-?Infinity/y;

/** Finds what Python's `json` would say of a text that is not JSON; the front ends show its words. */
function explain(text: string): Complaint {
  if (text.startsWith(BYTE_ORDER_MARK)) return { message: 'Unexpected UTF-8 BOM (decode using utf-8-sig)', at: 0 };
  const open: ('{' | '[')[] = [];
  let at = 0;
  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const [found = ''] = pattern.exec(text) ?? [];
    at += found.length;
    return found;
  };

  for (;;) {
    // A value is due here.
    skip(BLANK);
    const first = text[at];
    if (first === '{' || first === '[') {
      at += 1;
      skip(BLANK);
      if (text[at] === (first === '{' ? '}' : ']')) {
        at += 1;
      } else {
        open.push(first);
        if (first === '[') continue;
        const problem = key();
        if (problem !== undefined) return problem;
        continue;
      }
    } else if (first === '"') {
      const problem = string();
      if (problem !== undefined) return problem;
    } else {
      const constant = skip(CONSTANT);
      if (constant !== '') {
        const message = `Out of range float values are not JSON compliant: '${constant}'`;
        return { message, at, isPlaceless: true };
      }
      if (skip(LITERAL) === '' && skip(NUMBER) === '') return { message: 'Expecting value', at };
    }

    // A value has ended: close what ends with it, or go on to the next.
    for (;;) {
      skip(BLANK);
      const inside = open.at(-1);
      if (inside === undefined) return { message: 'Extra data', at };
      if (text[at] === (inside === '{' ? '}' : ']')) {
        at += 1;
        open.pop();
        continue;
      }
      if (text[at] !== ',') return { message: "Expecting ',' delimiter", at };
      at += 1;
      skip(BLANK);
      if (inside === '{') {
        const problem = key();
        if (problem !== undefined) return problem;
      }
      break;
    }
  }

  function key(): Complaint | undefined {
    if (text[at] !== '"') return { message: 'Expecting property name enclosed in double quotes', at };
    const problem = string();
    if (problem !== undefined) return problem;
    skip(BLANK);
    if (text[at] !== ':') return { message: "Expecting ':' delimiter", at };
    at += 1;
    return undefined;
  }

  function string(): Complaint | undefined {
    const start = at;
    at += 1;
    for (;;) {
      skip(PLAIN_TEXT);
      const next = text[at];
      if (next === undefined) return { message: 'Unterminated string starting at', at: start };
      if (next === '"') {
        at += 1;
        return undefined;
      }
      if (next !== '\\') return { message: 'Invalid control character at', at };
      const escape = text[at + 1];
      if (escape === undefined) return { message: 'Unterminated string starting at', at: start };
      if (escape === 'u') {
        // Python looks for the character after it, too.
        if (!/^[0-9a-f]{4}$/i.test(text.slice(at + 2, at + 6)) || text[at + 6] === undefined)
          return { message: 'Invalid \\uXXXX escape', at: at + 1 };
        at += 6;
      } else if ('"\\/bfnrt'.includes(escape)) {
        at += 2;
      } else {
        return { message: 'Invalid \\escape', at };
      }
    }
  }
}

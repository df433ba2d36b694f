import type { Writable } from 'node:stream';

/** Where a command writes, and in which form. */
export class Output {
  constructor(
    private readonly out: Writable,
    private readonly isJson: boolean,
  ) {}

  /** One thing: `data` as JSON, or `text` for people. */
  say(data: unknown, text: string): void {
    this.out.write(this.isJson ? `${JSON.stringify(data, null, 2)}\n` : `${text}\n`);
  }

  /** A list: as JSON, or as a table whose columns are named by the rows. */
  list(data: readonly unknown[], rows: readonly Readonly<Record<string, unknown>>[], empty: string): void {
    this.say(data, rows.length === 0 ? empty : table(rows));
  }
}

function table(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const lines = [names.map((name) => name.toUpperCase()), ...rows.map((row) => names.map((name) => cell(row[name])))];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and mail servers' words come from strangers: nothing of them moves a terminal's cursor. */
function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (value instanceof Date) return value.toISOString();
  const text = Array.isArray(value) ? value.join(' ') : typeof value === 'string' ? value : JSON.stringify(value);
  return printable(text);
}

export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '?');
}

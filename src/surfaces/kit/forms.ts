import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { Busboy } from '@fastify/busboy';
import { Failure } from '../../failure.js';

/** A file in a multipart form. */
export class UploadedFile {
  constructor(
    readonly name: string,
    readonly bytes: Buffer,
  ) {}
}

/** More than any form of ours has; a form beyond them is refused, not cut short. */
const LIMITS = { fields: 100, files: 10, parts: 100, headerPairs: 20, fieldNameSize: 200 } as const;

/** Bytes. */
const SLICE = 16_384;

/** Of a repeated field the last one counts. */
export function readForm(bytes: Buffer): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(bytes.toString('utf8')));
}

/** Between two slices others have their turn. */
async function* slices(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await setImmediate();
    yield bytes.subarray(at, at + SLICE);
  }
}

/** Texts as strings, files as `UploadedFile`. Throws `malformed_multipart`. */
export async function readMultipart(bytes: Buffer, contentType: string): Promise<Record<string, unknown>> {
  const entries: [string, unknown][] = [];
  try {
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      limits: { ...LIMITS, fieldSize: bytes.length, fileSize: bytes.length },
    });
    const tooMuch = (): void => void parser.destroy(new Error('too many parts'));
    parser.on('partsLimit', tooMuch).on('fieldsLimit', tooMuch).on('filesLimit', tooMuch);
    parser.on('field', (name, value) => entries.push([name, value]));
    parser.on('file', (name, stream, filename: string | undefined) => {
      // The body ends within the file. Nobody else would hear of it, and the process would end.
      stream.on('error', (error) => parser.destroy(error));
      // A form in which no file was chosen sends one without a name.
      if (!filename) return void stream.resume();
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => entries.push([name, new UploadedFile(filename, Buffer.concat(chunks))]));
    });
    // A slice at a time: a form of very many parts is refused before it is read to its end.
    await pipeline(slices(bytes), parser);
  } catch (error) {
    throw new Failure('malformed_multipart', { reason: error instanceof Error ? error.message : 'unreadable' });
  }
  return Object.fromEntries(entries);
}

import { Busboy } from '@fastify/busboy';
import { Failure } from '../../failure.js';

/** A file in a multipart form. */
export class UploadedFile {
  constructor(
    readonly name: string,
    readonly bytes: Buffer,
  ) {}
}

const LIMITS = { fields: 100, files: 10, fieldNameSize: 200 } as const;

/** Of a repeated field the last one counts. */
export function readForm(bytes: Buffer): Record<string, unknown> {
  return Object.fromEntries(new URLSearchParams(bytes.toString('utf8')));
}

/** Texts as strings, files as `UploadedFile`. Throws `malformed_multipart`. */
export async function readMultipart(bytes: Buffer, contentType: string): Promise<Record<string, unknown>> {
  const entries: [string, unknown][] = [];
  await new Promise<void>((resolve, reject) => {
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      limits: { ...LIMITS, fieldSize: bytes.length, fileSize: bytes.length },
    });
    parser.on('field', (name, value) => entries.push([name, value]));
    parser.on('file', (name, stream, filename) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => entries.push([name, new UploadedFile(filename, Buffer.concat(chunks))]));
      stream.on('error', reject);
    });
    parser.on('error', reject).on('finish', resolve);
    parser.end(bytes);
  }).catch((error: unknown) => {
    throw new Failure('malformed_multipart', { reason: error instanceof Error ? error.message : 'unreadable' });
  });
  return Object.fromEntries(entries);
}

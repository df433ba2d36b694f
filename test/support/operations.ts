import type { OpenAPIObject } from '@nestjs/swagger';
import { SURFACES } from '../../src/app.module.js';
import { ACCESS_TOKEN_SCHEME } from '../../src/surfaces/kit/operation.js';
import { createDocuments } from '../../src/surfaces/kit/documents.js';
import type { Answered, RequestOptions, Service } from './service.js';

/** An operation as the document of its surface describes it. */
export interface DocumentedOperation {
  surface: string;
  document: OpenAPIObject;
  method: string;
  path: string;
  /** Whether it needs an access token, and whether it looks at one. */
  isProtected: boolean;
  takesToken: boolean;
  /** The fields of its body; none where it has no body. */
  fields: string[];
  /** A body as the document shows it. */
  example: Record<string, unknown>;
  /** The media type to send it as. */
  mediaType: string;
  /** The names of its query. */
  query: string[];
  /** The schema of each answer, by status; `undefined` for an answer without a body. */
  answers: Map<number, object | undefined>;
}

/** Every operation of every surface that has a document. */
export function documentedOperations(service: Service): DocumentedOperation[] {
  return [...createDocuments(service.application.nest, SURFACES)].flatMap(([{ name }, document]) =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Operation>).map(([method, operation]): DocumentedOperation => {
        const { content = {} } = operation.requestBody ?? {};
        const [mediaType = JSON_TYPE] = Object.keys(content).toSorted((one) => (one === JSON_TYPE ? -1 : 1));
        const properties = propertiesOf(document, content[mediaType]?.schema);
        const [example] = Object.values(content[mediaType]?.examples ?? {});
        const { parameters = [], security = [] } = operation;
        const takesToken = security.some((scheme) => ACCESS_TOKEN_SCHEME in scheme);
        return {
          surface: name,
          document,
          method: method.toUpperCase(),
          path: path.replace(/\{(\w+)\}/g, (_, parameter: string) => {
            const shown = parameters.find((it) => it.name === parameter);
            return encodeURIComponent(String(shown?.example ?? shown?.schema?.example ?? '1'));
          }),
          isProtected: takesToken && security.every((scheme) => Object.keys(scheme).length > 0),
          takesToken,
          fields: Object.keys(properties),
          example:
            example?.value ??
            Object.fromEntries(Object.entries(properties).map(([field, property]) => [field, property.example])),
          mediaType,
          query: parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name),
          answers: new Map(
            Object.entries(operation.responses).map(([status, answer]) => [
              Number(status),
              answer.content?.[JSON_TYPE]?.schema,
            ]),
          ),
        };
      }),
    ),
  );
}

/** Sends a body in the operation's media type; what a form cannot carry is written as JSON in it. */
export function send(
  service: Service,
  { method, path, mediaType }: DocumentedOperation,
  body: Readonly<Record<string, unknown>>,
  options: RequestOptions = {},
): Promise<Answered> {
  return service.request(method, path, { ...options, body: encode(mediaType, body) });
}

function encode(mediaType: string, body: Readonly<Record<string, unknown>>): unknown {
  if (mediaType === JSON_TYPE) return body;
  const texts = Object.entries(body)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  if (mediaType === 'application/x-www-form-urlencoded') return new URLSearchParams(texts);
  const form = new FormData();
  for (const [name, text] of texts) form.set(name, text);
  return form;
}

const JSON_TYPE = 'application/json';

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  example?: unknown;
}

interface Operation {
  security?: object[];
  parameters?: { name: string; in: string; example?: string | number; schema?: { example?: string | number } }[];
  requestBody?: {
    content: Record<string, { schema?: Schema; examples?: Record<string, { value: Record<string, unknown> }> }>;
  };
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}

function propertiesOf(document: OpenAPIObject, schema: Schema = {}): Record<string, Schema> {
  const named = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const { $ref, allOf = [], properties = {} } = schema;
  if ($ref !== undefined) return propertiesOf(document, named[$ref.split('/').at(-1) ?? '']);
  return Object.assign({}, ...allOf.map((part) => propertiesOf(document, part)), properties) as Record<string, Schema>;
}

import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { SURFACES } from '../../src/app.module.js';
import { ACCESS_TOKEN_SCHEME } from '../../src/surfaces/kit/operation.js';
import { createDocuments } from '../../src/surfaces/kit/documents.js';
import { vast } from './images.js';
import type { Answered, RequestOptions, Service } from './service.js';

/** An operation as the document of its surface describes it. */
export interface DocumentedOperation {
  surface: string;
  document: OpenAPIObject;
  method: string;
  path: string;
  /** The path with its parameters' names, as the document has it. */
  template: string;
  /** Whether it needs an access token, and whether it looks at one. */
  isProtected: boolean;
  takesToken: boolean;
  /** Whether it is for service clients. */
  takesClient: boolean;
  /** The fields of its body; none where it has no body. */
  fields: string[];
  /** A body as the document shows it. */
  example: Record<string, unknown>;
  /** The media type to send it as. */
  mediaType: string;
  /** Every body that the document shows, in every media type that it names. */
  bodies: DocumentedValue[];
  /** The names of its query. */
  query: string[];
  /** What the document shows for its path and its query, by name. */
  parameters: DocumentedValue[];
  /** The schema of each answer, by status; `undefined` for an answer without a body. */
  answers: Map<number, object | undefined>;
  /** Every answer that the document shows. */
  shownAnswers: DocumentedValue[];
}

/** An example: `name` is that of a parameter, or says which one it is; `schema` is what it has to keep. */
export interface DocumentedValue {
  name: string;
  mediaType: string;
  schema: object;
  value: unknown;
}

/** Every operation of every surface that has a document. */
export function documentedOperations(service: Service): DocumentedOperation[] {
  return [...createDocuments(service.application.nest, SURFACES)].flatMap(([{ name }, document]) =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, Operation>).map(([method, operation]): DocumentedOperation => {
        const { content = {} } = operation.requestBody ?? {};
        const exampleOfFields = (schema: Schema | undefined): Record<string, unknown> =>
          Object.fromEntries(
            Object.entries(propertiesOf(document, schema)).map(([field, property]) => [field, property.example]),
          );
        const [mediaType = JSON_TYPE] = Object.keys(content).toSorted((one) => (one === JSON_TYPE ? -1 : 1));
        const properties = propertiesOf(document, content[mediaType]?.schema);
        const [example] = Object.values(content[mediaType]?.examples ?? {});
        const { parameters = [], security = [] } = operation;
        const takesToken = security.some((scheme) => ACCESS_TOKEN_SCHEME in scheme);
        return {
          surface: name,
          document,
          method: method.toUpperCase(),
          template: path,
          path: path.replace(/\{(\w+)\}/g, (_, parameter: string) => {
            const shown = parameters.find((it) => it.name === parameter);
            return encodeURIComponent(String(shown?.example ?? shown?.schema?.example ?? '1'));
          }),
          isProtected: takesToken && security.every((scheme) => Object.keys(scheme).length > 0),
          takesToken,
          takesClient: security.some((scheme) => 'client' in scheme),
          fields: Object.keys(properties),
          example: example?.value ?? exampleOfFields(content[mediaType]?.schema),
          mediaType,
          bodies: valuesOf(content, exampleOfFields),
          query: parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name),
          parameters: parameters.map(({ name, schema = {}, example }) => ({
            name,
            mediaType: 'text/plain',
            schema,
            value: example ?? schema.example,
          })),
          answers: new Map(
            Object.entries(operation.responses).map(([status, answer]) => [
              Number(status),
              answer.content?.[JSON_TYPE]?.schema,
            ]),
          ),
          shownAnswers: Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
            valuesOf(content).map((shown) => ({ ...shown, name: `${status} ${shown.name}` })),
          ),
        };
      }),
    ),
  );
}

/** Whether an answer is one that its document knows, with a body of the documented shape; if not, what is wrong. */
export function problemOf({ document, answers }: DocumentedOperation, { status, body }: Answered): string | undefined {
  if (status >= 500) return `status ${status}`;
  if (!answers.has(status)) return `status ${status} is not documented`;
  const schema = answers.get(status);
  if (schema === undefined) return body === '' ? undefined : 'a body that is not documented';
  return mismatch(document, schema, body);
}

const validators = new Map<object, ValidateFunction>();

/** In what a value does not keep a schema of this document; a property that the document does not name breaks it. */
export function mismatch(document: OpenAPIObject, schema: object, value: unknown): string | undefined {
  let validate = validators.get(schema);
  if (validate === undefined) {
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats.default(ajv);
    validate = ajv.compile(closed({ ...schema, components: document.components }) as object);
    validators.set(schema, validate);
  }
  return validate(value) ? undefined : `${JSON.stringify(value).slice(0, 300)}: ${JSON.stringify(validate.errors)}`;
}

/** The same with every object shut to what its schema does not name, where the schema leaves that open. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]));
  return typeof parts.properties === 'object' ? { additionalProperties: false, ...parts } : parts;
}

/** What documents show where a file goes. */
const A_FILE = '(the bytes of the file)';

/** Sends a body in a media type of the operation; what a form cannot carry is written as JSON in it. */
export function send(
  service: Service,
  { method, path, mediaType }: Pick<DocumentedOperation, 'method' | 'path' | 'mediaType'>,
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
  for (const [name, text] of texts) form.set(name, text === A_FILE ? new Blob([vast(8, 8)]) : text);
  return form;
}

const JSON_TYPE = 'application/json';

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  example?: unknown;
}

interface Media<Value = unknown> {
  schema?: Schema;
  example?: Value;
  examples?: Record<string, { value: Value }>;
}

interface Operation {
  security?: object[];
  parameters?: { name: string; in: string; example?: string | number; schema?: { example?: string | number } }[];
  requestBody?: { content: Record<string, Media<Record<string, unknown>>> };
  responses: Record<string, { content?: Record<string, Media> }>;
}

/** All that the document shows of these media; where it shows nothing, what `otherwise` makes of the schema. */
function valuesOf(
  content: Readonly<Record<string, Media>>,
  otherwise?: (schema: Schema | undefined) => unknown,
): DocumentedValue[] {
  return Object.entries(content).flatMap(([mediaType, { schema = {}, example, examples = {} }]) => {
    const values = Object.entries(examples).map(([name, { value }]) => ({ name, mediaType, schema, value }));
    if (example !== undefined) values.push({ name: 'example', mediaType, schema, value: example });
    if (values.length === 0 && otherwise) values.push({ name: 'fields', mediaType, schema, value: otherwise(schema) });
    return values;
  });
}

function propertiesOf(document: OpenAPIObject, schema: Schema = {}): Record<string, Schema> {
  const named = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const { $ref, allOf = [], properties = {} } = schema;
  if ($ref !== undefined) return propertiesOf(document, named[$ref.split('/').at(-1) ?? '']);
  return Object.assign({}, ...allOf.map((part) => propertiesOf(document, part)), properties) as Record<string, Schema>;
}

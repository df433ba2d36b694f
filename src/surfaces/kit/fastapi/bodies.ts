import { Failure } from '../../../failure.js';
import { asObject, Reads, RefusesUnknown, type BodyFormat } from '../input.js';
import { readForm, readMultipart } from '../forms.js';
import { readJson } from '../json.js';
import { RawBody } from '../raw-body.js';

/** FastAPI's `Form(…)` parameters: a form of either kind. Anything else is a form without fields. */
const FORM: BodyFormat = {
  mediaTypes: ['application/x-www-form-urlencoded', 'multipart/form-data'],
  failures: ['malformed_multipart'],
  async read(body) {
    if (!(body instanceof RawBody)) return {};
    if (body.mediaType === 'application/x-www-form-urlencoded') return readForm(body.bytes);
    return body.mediaType === 'multipart/form-data' ? readMultipart(body.bytes, body.contentType) : {};
  },
};

/** FastAPI's one model for the whole body: JSON, also where no type is named. Any other type is a text, and no object. */
const JSON_MODEL: BodyFormat = {
  mediaTypes: ['application/json'],
  failures: ['malformed_json', 'body_not_an_object'],
  read: (body) => Promise.resolve().then(() => readModel(body)),
};

function readModel(body: unknown): Record<string, unknown> {
  if (!hasCome(body)) throw new Failure('body_not_an_object', { got: 'null' });
  if (!JSON_TYPES.test(body.mediaType)) throw new Failure('body_not_an_object', { got: 'str' });
  return asObject(readJson(body.bytes));
}

const JSON_TYPES = /^$|^application\/(?:[^;]+\+)?json$/;

/** The body of an operation that takes a form. */
export const FormBody = (): ClassDecorator => Reads(FORM);

/** The body of an operation that takes a JSON object. */
export const JsonBody = (): ClassDecorator => Reads(JSON_MODEL);

/** pydantic's `extra="forbid"`. */
export const ForbidsExtra = (): ClassDecorator => RefusesUnknown('extra_forbidden', 'Extra inputs are not permitted');

export function isForm(format: BodyFormat): boolean {
  return format === FORM;
}

/** Whether there is a body at all. */
export function hasCome(body: unknown): body is RawBody {
  return body instanceof RawBody && body.bytes.length > 0;
}

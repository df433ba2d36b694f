import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { serveAlsoAt } from './document-route.js';
import { ACCESS_TOKEN_SCHEME } from './operation.js';
import type { Surface } from './surface.js';

/** Where a person reads all documents, and where the document of a surface is. */
export const DOCS_PATH = 'docs';
export const documentPath = (surface: Surface): string => `${DOCS_PATH}/${surface.name}.json`;

/** The name that asking for an access token by user name and password has among the security schemes. */
const PASSWORD_SCHEME = 'password';

/** The OpenAPI document of each surface that has one, made from its code. */
export function createDocuments(app: INestApplication, surfaces: readonly Surface[]): Map<Surface, OpenAPIObject> {
  const documents = new Map<Surface, OpenAPIObject>();
  const tokenUrl = surfaces.find(({ tokenEndpoint }) => tokenEndpoint !== undefined)?.tokenEndpoint;
  for (const surface of surfaces) {
    if (surface.document === undefined) continue;
    const builder = surface.document
      .describe(new DocumentBuilder().setTitle(surface.document.title).addServer('/'))
      .setLicense('MIT', 'https://opensource.org/license/mit')
      .addBearerAuth(
        { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token of any surface.' },
        ACCESS_TOKEN_SCHEME,
      );
    const document = SwaggerModule.createDocument(app, builder.build(), {
      include: [surface.module],
      operationIdFactory: (_controller, method) => method,
    });
    addExamples(document);
    const takesTokens = operationsOf(document).some(({ security }) =>
      security?.some((it) => ACCESS_TOKEN_SCHEME in it),
    );
    if (!takesTokens) delete document.components?.securitySchemes?.[ACCESS_TOKEN_SCHEME];
    else if (tokenUrl !== undefined) offerPassword(document, tokenUrl);
    documents.set(surface, surface.document.trailingSlash ? withTrailingSlashes(document) : document);
  }
  return documents;
}

/** Wherever an access token is asked for, one may be had for a user name and a password. */
function offerPassword(document: OpenAPIObject, tokenUrl: string): void {
  (document.components ??= {}).securitySchemes = {
    ...document.components.securitySchemes,
    [PASSWORD_SCHEME]: {
      type: 'oauth2',
      description: 'Signs in with a username or an e-mail address, and a password; good on every surface.',
      flows: { password: { tokenUrl, scopes: {} } },
    },
  };
  for (const { security } of operationsOf(document)) {
    const place = security?.findIndex((it) => ACCESS_TOKEN_SCHEME in it) ?? -1;
    if (place >= 0) security?.splice(place, 0, { [PASSWORD_SCHEME]: [] });
  }
}

function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.values(document.paths).flatMap((item) => Object.values(item) as Operation[]);
}

/** An answer that has no example of its own gets one of its fields' examples. */
function addExamples(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const exampleOf = (schema: Schema): unknown => {
    const { $ref, properties = {}, items, example } = schema;
    if ($ref !== undefined) return exampleOf(schemas[$ref.split('/').at(-1) ?? ''] ?? {});
    if (example !== undefined) return example;
    if (items !== undefined) return [exampleOf(items)];
    return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, exampleOf(property)]));
  };
  for (const media of operationsOf(document).flatMap(({ responses }) =>
    Object.values(responses).flatMap(({ content = {} }) => Object.values(content)),
  )) {
    if (media.example === undefined && media.examples === undefined) media.example = exampleOf(media.schema);
  }
}

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  example?: unknown;
}

interface Operation {
  security?: Record<string, string[]>[];
  responses: Record<string, { content?: Record<string, { schema: Schema; example?: unknown; examples?: unknown }> }>;
}

/** Both forms of every path are served; the document shows the one that its clients know. */
function withTrailingSlashes(document: OpenAPIObject): OpenAPIObject {
  const paths = Object.entries(document.paths).map(([path, item]) => [path.replace(/\/?$/, '/'), item]);
  return { ...document, paths: Object.fromEntries(paths) as OpenAPIObject['paths'] };
}

interface Authorization {
  auth: object;
  token: object;
}

/**
 * A plugin of Swagger UI, which would keep the password in the browser's storage beside the token that it was good for.
 * Its text is sent to the page, so it may use nothing from here.
 */
function forgetPasswords(): object {
  return {
    statePlugins: {
      auth: {
        wrapActions: {
          authorizeOauth2:
            (original: (authorization: Authorization) => unknown) =>
            ({ auth, token }: Authorization): unknown =>
              original({ auth: { ...auth, password: '', clientSecret: '' }, token }),
        },
      },
    },
  };
}

/** Serves each document, and one page that switches between them and remembers who authorized. */
export function serveDocuments(app: INestApplication, surfaces: readonly Surface[]): void {
  const documents = createDocuments(app, surfaces);
  const urls: { url: string; name: string }[] = [];
  for (const [surface, document] of documents) {
    const url = documentPath(surface);
    urls.push({ url: `/${url}`, name: document.info.title });
    SwaggerModule.setup(`${DOCS_PATH}/${surface.name}`, app, document, {
      ui: false,
      raw: ['json'],
      jsonDocumentUrl: url,
    });
    serveAlsoAt(app, surface, document);
  }
  const [first] = documents.values();
  if (first === undefined) return;
  SwaggerModule.setup(DOCS_PATH, app, first, {
    explorer: true,
    raw: false,
    customSiteTitle: 'Ostiary API',
    swaggerOptions: {
      urls,
      'urls.primaryName': urls[0]?.name,
      persistAuthorization: true,
      defaultModelsExpandDepth: 0,
      plugins: [forgetPasswords],
    },
  });
}

import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ACCESS_TOKEN_SCHEME } from './operation.js';
import type { Surface } from './surface.js';

/** Where a person reads all documents, and where the document of a surface is. */
export const DOCS_PATH = 'docs';
export const documentPath = (surface: Surface): string => `${DOCS_PATH}/${surface.name}.json`;

/** The OpenAPI document of each surface that has one, made from its code. */
export function createDocuments(app: INestApplication, surfaces: readonly Surface[]): Map<Surface, OpenAPIObject> {
  const documents = new Map<Surface, OpenAPIObject>();
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
    if (!JSON.stringify(document.paths).includes(`"${ACCESS_TOKEN_SCHEME}"`)) {
      delete document.components?.securitySchemes?.[ACCESS_TOKEN_SCHEME];
    }
    documents.set(surface, surface.document.trailingSlash ? withTrailingSlashes(document) : document);
  }
  return documents;
}

/** An answer that has no example of its own gets one of its fields' examples. */
function addExamples(document: OpenAPIObject): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  const exampleOf = (schema: Schema): unknown => {
    const { $ref, properties = {}, example } = schema;
    if ($ref !== undefined) return exampleOf(schemas[$ref.split('/').at(-1) ?? ''] ?? {});
    if (example !== undefined) return example;
    return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, exampleOf(property)]));
  };
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item) as Operation[]);
  for (const media of operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap(({ content = {} }) => Object.values(content)),
  )) {
    if (media.example === undefined && media.examples === undefined) media.example = exampleOf(media.schema);
  }
}

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  example?: unknown;
}

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: Schema; example?: unknown; examples?: unknown }> }>;
}

/** Both forms of every path are served; the document shows the one that its clients know. */
function withTrailingSlashes(document: OpenAPIObject): OpenAPIObject {
  const paths = Object.entries(document.paths).map(([path, item]) => [path.replace(/\/?$/, '/'), item]);
  return { ...document, paths: Object.fromEntries(paths) as OpenAPIObject['paths'] };
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
    },
  });
}

import { RequestMethod, type Type } from '@nestjs/common';
import { GUARDS_METADATA, METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { getMetadataStorage } from 'class-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SURFACES } from '../../src/app.module.js';
import { ACCESS } from '../../src/platform/http/access.js';
import { fieldNames, type InputClass } from '../../src/surfaces/kit/input.js';
import { createDocuments } from '../../src/surfaces/kit/documents.js';
import { METHOD_STUB } from '../../src/surfaces/kit/surface.js';
import { startService, type Service } from '../support/service.js';

let service: Service;
beforeAll(async () => {
  service = await startService({ NODE_ENV: 'development' });
});
afterAll(() => service.close());

interface Route {
  controller: Type;
  handler: string;
  method: string;
  path: string;
  access: unknown;
  isStub: boolean;
}

function controllers(module?: Type): Type[] {
  const modules = [...service.application.nest.get(ModulesContainer, { strict: false }).values()];
  return modules
    .filter(({ metatype }) => module === undefined || metatype === module)
    .flatMap((it) => [...it.controllers.values()].map(({ metatype }) => metatype as Type));
}

function routesOf(controller: Type): Route[] {
  const prototype = controller.prototype as Record<string, object>;
  const base = Reflect.getMetadata(PATH_METADATA, controller) as string;
  return Object.getOwnPropertyNames(prototype).flatMap((handler) => {
    const target = prototype[handler]!;
    const method = Reflect.getMetadata(METHOD_METADATA, target) as RequestMethod | undefined;
    if (method === undefined) return [];
    return [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat().map((path) => ({
      controller,
      handler,
      method: RequestMethod[method],
      // Parameters as the documents write them.
      path: `/${[base, path].join('/').replace(/\/+/g, '/').replace(/^\//, '')}`.replace(/:(\w+)/g, '{$1}'),
      access: Reflect.getMetadata(ACCESS, target) as unknown,
      isStub: Reflect.getMetadata(METHOD_STUB, target) === true,
    }));
  });
}

describe('every route', () => {
  it('says who may enter', () => {
    const routes = controllers().flatMap(routesOf);
    expect(routes.length).toBeGreaterThan(10);
    for (const { method, path, access } of routes) {
      expect([method, path, access]).toEqual([
        method,
        path,
        expect.stringMatching(/^(public|protected|client)$/) as string,
      ]);
    }
  });

  it('that is for service clients has the guard that asks for them', () => {
    const routes = controllers()
      .flatMap(routesOf)
      .filter(({ access }) => access === 'client');
    expect(routes.length).toBeGreaterThan(1);
    for (const { controller, handler, path } of routes) {
      const target = (controller.prototype as Record<string, object>)[handler]!;
      const guards = (Reflect.getMetadata(GUARDS_METADATA, target) ?? []) as Type[];
      expect([path, guards.length]).toEqual([path, 1]);
    }
  });

  it('takes its input as a class with rules, whole', () => {
    const [QUERY, BODY, PARAM] = [4, 3, 5];
    let inputs = 0;
    for (const { controller, handler } of controllers().flatMap(routesOf)) {
      const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Record<
        string,
        { index: number; data?: unknown }
      >;
      const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, handler) ??
        []) as InputClass[];
      for (const [key, { index, data }] of Object.entries(args)) {
        if (![QUERY, BODY, PARAM].includes(Number(key.split(':')[0]))) continue;
        const type = types[index];
        inputs += 1;
        const isDeclared = type !== undefined && (rulesOf(type) > 0 || fieldNames(type).length > 0);
        expect([controller.name, handler, data, isDeclared]).toEqual([controller.name, handler, undefined, true]);
      }
    }
    expect(inputs).toBeGreaterThan(10);
  });

  it('belongs to one controller, with all methods of its path', () => {
    const owners = new Map<string, Type>();
    for (const { path, controller } of controllers().flatMap(routesOf)) {
      const owner = owners.get(path.replace(/\/$/, '')) ?? controller;
      expect([path, owner.name]).toEqual([path, controller.name]);
      owners.set(path.replace(/\/$/, ''), owner);
    }
  });
});

describe.each(SURFACES.map((surface) => [surface.name, surface] as const))('surface %s', (name, surface) => {
  it('has the routes of its golden file', async () => {
    const routes = controllers(surface.module)
      .flatMap(routesOf)
      .filter(({ isStub }) => !isStub)
      .map(({ method, path, access }) => `${method.padEnd(6)} ${String(access).padEnd(9)} ${path}`);
    await expect(`${routes.toSorted().join('\n')}\n`).toMatchFileSnapshot(`routes/${name}.txt`);
  });

  it('documents each of them completely', () => {
    if (surface.document === undefined) return;
    const document = createDocuments(service.application.nest, [surface]).get(surface)!;
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = controllers(surface.module)
      .flatMap(routesOf)
      .filter(({ isStub }) => !isStub);
    const served = routes.map((route) => ({ ...route, path: route.path.replace(/:(\w+)/g, '{$1}') }));
    expect(documented.toSorted()).toEqual(served.map(({ method, path }) => `${method} ${path}`).toSorted());
    for (const [path, item] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(item) as [string, Operation][]) {
        const label = `${method} ${path}`;
        expect([label, operation.summary]).toEqual([label, expect.stringMatching(/\S/) as string]);
        for (const [type, body] of Object.entries(operation.requestBody?.content ?? {})) {
          expect([label, type, hasExample(document, body)]).toEqual([label, type, true]);
        }
        for (const [status, { content }] of Object.entries(operation.responses)) {
          if (status === '204') {
            expect([label, status, content]).toEqual([label, status, undefined]);
            continue;
          }
          const answer = content?.['application/json'];
          expect([
            label,
            status,
            answer?.schema !== undefined,
            answer?.example !== undefined || answer?.examples !== undefined,
          ]).toEqual([label, status, true, true]);
        }
        const access = served.find(
          (route) => `${route.method} ${route.path}` === `${method.toUpperCase()} ${path}`,
        )?.access;
        // Among alternatives, one without a scheme says that none is needed.
        const { security = [] } = operation;
        const isLocked = security.length > 0 && security.every((schemes) => Object.keys(schemes).length > 0);
        expect([label, isLocked]).toEqual([label, access !== 'public']);
      }
    }
  });
});

/** How many rules of class-validator a class has. */
function rulesOf(type: InputClass): number {
  return getMetadataStorage().getTargetValidationMetadatas(type, '', false, false).length;
}

interface Media {
  schema?: { $ref?: string };
  example?: unknown;
  examples?: unknown;
}

interface Operation {
  summary: string;
  security?: object[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
}

/** A body has an example of its own, or each of its fields has one. */
function hasExample(
  document: { components?: { schemas?: Record<string, unknown> } },
  { schema, example, examples }: Media,
): boolean {
  if (example !== undefined || examples !== undefined) return true;
  const named = document.components?.schemas?.[schema?.$ref?.split('/').at(-1) ?? ''] as
    { properties?: Record<string, Media> } | undefined;
  return (
    named !== undefined && Object.values(named.properties ?? {}).every((property) => property.example !== undefined)
  );
}

import {
  applyDecorators,
  Controller,
  Header,
  HttpCode,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  UseFilters,
  type Type,
} from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ApiExcludeEndpoint, ApiTags, type DocumentBuilder } from '@nestjs/swagger';
import { Failure } from '../../failure.js';
import { ACCESS, Protected, Public, type Access } from '../../platform/http/access.js';
import { FailureFilter } from './failure.filter.js';
import { Negotiates } from './negotiation.guard.js';
import { documentFailures, type RefusalOptions } from './operation.js';
import type { Wording } from './wording.js';

/** One dialect of the service: what `surfaces/index.ts` lists. */
export interface Surface {
  /** The folder's name; also that of its document. */
  readonly name: string;
  readonly module: Type;
  /** The class of its environment variables, if it has any. */
  readonly settings?: new () => object;
  /** Whose words answer a path below this prefix that nobody serves; the longest prefix speaks. */
  readonly unmatched?: { readonly prefix: string; readonly words: Wording };
  /** Headers of every answer below the prefix of `unmatched`, made of the milliseconds that it took. */
  readonly stamp?: (elapsed: number) => Readonly<Record<string, string>>;
  /** Where an access token is had for a user name and a password as OAuth 2 has it; all documents offer it. */
  readonly tokenEndpoint?: string;
  /** How its OpenAPI document introduces itself; a surface without one answers no API calls. */
  readonly document?: {
    readonly title: string;
    readonly describe: (builder: DocumentBuilder) => DocumentBuilder;
    /** Whether its clients end paths with a slash. */
    readonly trailingSlash: boolean;
    /** The path where its clients look for it, besides ours. */
    readonly alsoAt?: string;
  };
}

export interface SurfaceControllerOptions extends RefusalOptions {
  path: string;
  tag: string;
  /** Refuse a wrong method before asking who is calling. */
  methodBeforeAccess?: boolean;
  /** Ask who is calling even where only the methods of a path are asked for; preflights are answered before. */
  optionsNeedAccess?: boolean;
}

/** The order in which Django names them. */
const ALLOW_ORDER = [
  RequestMethod.GET,
  RequestMethod.POST,
  RequestMethod.PUT,
  RequestMethod.PATCH,
  RequestMethod.DELETE,
  RequestMethod.HEAD,
  RequestMethod.OPTIONS,
] as const;

/** A route that stands for the methods that a path does not have. */
export const METHOD_STUB = 'ostiary:method-stub';

/**
 * A controller that speaks one dialect: every failure of its routes is worded, and a path answers the methods it does
 * not have with 405 and `Allow` instead of 404. All handlers of a path belong in one controller.
 */
export function SurfaceController(options: SurfaceControllerOptions): ClassDecorator {
  return (target) => {
    const prototype = target.prototype as object;
    const handlers = Object.getOwnPropertyNames(prototype);
    for (const name of handlers) documentFailures(prototype, name, options);
    addMethodStubs(prototype, handlers, options);
    applyDecorators(
      Controller(options.path),
      UseFilters(new FailureFilter(options.words)),
      ApiTags(options.tag),
      ...(options.negotiates ? [Negotiates()] : []),
    )(target);
  };
}

interface Path {
  methods: Set<RequestMethod>;
  isProtected: boolean;
}

function addMethodStubs(
  prototype: object,
  handlers: string[],
  { methodBeforeAccess = false, optionsNeedAccess = false }: SurfaceControllerOptions,
): void {
  for (const [path, { methods, isProtected }] of pathsOf(prototype, handlers)) {
    const allowed = ALLOW_ORDER.filter(
      (method) =>
        methods.has(method) ||
        (method === RequestMethod.HEAD && methods.has(RequestMethod.GET)) ||
        method === RequestMethod.OPTIONS,
    ).map(nameOf);
    // Fastify answers HEAD wherever there is a GET, be it a stub.
    for (const method of ALLOW_ORDER.filter((it) => !methods.has(it) && it !== RequestMethod.HEAD)) {
      const stub = `${nameOf(method)} ${path}`;
      const isOptions = method === RequestMethod.OPTIONS;
      Object.defineProperty(prototype, stub, {
        value: isOptions ? answerNothing() : refuse(nameOf(method), allowed),
        configurable: true,
        writable: true,
      });
      const decorate = applyDecorators(
        RequestMapping({ path, method }),
        ApiExcludeEndpoint(),
        SetMetadata(METHOD_STUB, true),
        isProtected && (isOptions ? optionsNeedAccess : !methodBeforeAccess) ? Protected() : Public(),
        ...(isOptions ? [HttpCode(204), Header('allow', allowed.join(', '))] : []),
      );
      decorate(prototype, stub, Object.getOwnPropertyDescriptor(prototype, stub) as PropertyDescriptor);
    }
  }
}

function pathsOf(prototype: object, handlers: string[]): Map<string, Path> {
  const paths = new Map<string, Path>();
  for (const name of handlers) {
    const handler = (prototype as Record<string, object>)[name];
    const method = handler && (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined);
    if (handler === undefined || method === undefined) continue;
    const declared = Reflect.getMetadata(PATH_METADATA, handler) as string | string[];
    const isProtected = (Reflect.getMetadata(ACCESS, handler) as Access | undefined) !== 'public';
    for (const path of [declared].flat()) {
      const known = paths.get(path) ?? { methods: new Set(), isProtected: false };
      known.methods.add(method);
      known.isProtected ||= isProtected;
      paths.set(path, known);
    }
  }
  return paths;
}

function nameOf(method: RequestMethod): string {
  return RequestMethod[method];
}

/** A function of its own for each route, since metadata hangs on functions. */
function answerNothing(): () => void {
  return () => undefined;
}

function refuse(method: string, allowed: readonly string[]): () => never {
  return () => {
    throw new Failure('method_not_allowed', { method, allowed });
  };
}

import { SetMetadata, type CustomDecorator } from '@nestjs/common';

export type Access = 'public' | 'protected' | 'client';

/** Where a route says who may enter. A route that says nothing is protected. */
export const ACCESS = 'ostiary:access';

/** Anybody may enter; credentials in the request are not even looked at. */
export const Public = (): CustomDecorator => SetMetadata(ACCESS, 'public' satisfies Access);

/** Whoever holds a live access token may enter. */
export const Protected = (): CustomDecorator => SetMetadata(ACCESS, 'protected' satisfies Access);

/** Services with a secret of their own may enter; the guard of the route asks for it. */
export const ForClients = (): CustomDecorator => SetMetadata(ACCESS, 'client' satisfies Access);

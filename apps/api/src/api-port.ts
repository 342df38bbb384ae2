import { type Field, Port } from '@prosaas/runtime';

/** A setting of the service, and of the commands that ask it. */
export const ApiPort: Field<number> = Port(5000, 'Port of the api');

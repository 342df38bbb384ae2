import { type Field, Port } from '@prosaas/runtime';

/** Shared by the service and the commands that send requests to it. */
export const ApiPort: Field<number> = Port(5000, 'Port of the api');

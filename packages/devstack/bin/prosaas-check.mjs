#!/usr/bin/env node
// `npx --no -- prosaas-check`: runs the api's alert check on the stack of `npm start`. It installs nothing, so that cron may run it.
import { handOver } from '../../../scripts/bootstrap.mjs';

handOver('packages/devstack/src/api-command.ts', ['check', ...process.argv.slice(2)]);

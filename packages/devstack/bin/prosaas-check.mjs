#!/usr/bin/env node
// `npx --no -- prosaas-check`: the api's check, on the stack that runs here. It installs nothing: cron may run it at any time.
import { handOver } from '../../../scripts/bootstrap.mjs';

handOver('packages/devstack/src/api-command.ts', ['check', ...process.argv.slice(2)]);

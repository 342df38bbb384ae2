import { spawnSync } from 'node:child_process';

/** Prometheus' own tool, of Debian's package `prometheus`: not a machine's that nobody prepared. */
export const hasPromtool: boolean = spawnSync('promtool', ['--version']).error === undefined;

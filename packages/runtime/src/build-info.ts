import { readFileSync } from 'node:fs';

/** What `GET /version` answers. */
export interface BuildInfo {
  build: number;
  version: string;
  commit: string;
  built_at: string | null;
  node: string;
}

export interface BuildConfig {
  BUILD_NUMBER: number;
  GIT_COMMIT: string;
  BUILT_AT?: string;
}

export function buildInfo(config: BuildConfig): BuildInfo {
  return {
    build: config.BUILD_NUMBER,
    version: packageVersion(),
    commit: config.GIT_COMMIT,
    built_at: config.BUILT_AT ?? null,
    node: process.versions.node,
  };
}

// Every workspace has the product's version, and this package is in every image.
function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

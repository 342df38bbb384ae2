// Loaded when somebody first looks at the board, and in images a file of its own: the api starts without it.
import { readFile, readdir } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type {
  AppControllerRoute,
  AppViewRoute,
  BullBoardQueues,
  IServerAdapter,
  UIConfig,
} from '@bull-board/api/typings/app';
import type { QueueObjects } from '@prosaas/queues';
import { matchPath } from './match-path.ts';

type Queues = Parameters<Parameters<QueueObjects['use']>[0]>[0];

export interface BoardAnswer {
  status: number;
  type: string;
  body: string | Buffer;
}

/** Paths begin after that of the board: `/`, `/api/queues`. `undefined`: there is nothing. */
export interface QueueBoard {
  /** A script, a style, an image: needs no Redis, and is no secret. */
  file(path: string): Promise<BoardAnswer | undefined>;
  /** The page, or what it asks for. */
  answer(path: string, query: Record<string, unknown>): Promise<BoardAnswer | undefined>;
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

/** Bull Board over `queues`, without anything that changes one. */
export async function openQueueBoard(queues: Queues, basePath: string): Promise<QueueBoard> {
  let boardQueues!: BullBoardQueues;
  let ui!: UIConfig;
  let page!: AppViewRoute;
  let reads: AppControllerRoute[] = [];
  let views = '';
  let statics = { route: '', folder: '' };
  const adapter: IServerAdapter = {
    setQueues: (all) => ((boardQueues = all), adapter),
    setUIConfig: (config) => ((ui = config), adapter),
    setEntryRoute: (route) => ((page = route), adapter),
    setViewsPath: (folder) => ((views = folder), adapter),
    setStaticPath: (route, folder) => ((statics = { route, folder }), adapter),
    setApiRoutes: (routes) => ((reads = routes.filter(({ method }) => method === 'get')), adapter),
    // The app answers errors.
    setErrorHandler: () => adapter,
  };
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false })),
    serverAdapter: adapter,
    options: {
      uiBasePath: dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))),
      // Which workers work is told by `/api/health`.
      uiConfig: { boardTitle: 'ProSaaS queues', showWorkers: false },
    },
  });

  const files = new Map<string, string>();
  for (const entry of await readdir(statics.folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (extname(file) in types) files.set(`${statics.route}/${relative(statics.folder, file)}`, file);
  }
  const view = page.handler({ basePath, uiConfig: ui });
  const html = fill(await readFile(join(views, view.name), 'utf8'), view.params);

  return {
    async file(path) {
      const file = files.get(path);
      if (file === undefined) return undefined;
      return { status: 200, type: types[extname(file)] ?? '', body: await readFile(file) };
    },
    async answer(path, query) {
      if (find([page], path) !== undefined) {
        return { status: 200, type: 'text/html; charset=utf-8', body: html };
      }
      const found = find(reads, path);
      if (found === undefined) return undefined;
      const { params, route } = found;
      const request = { queues: boardQueues, uiConfig: ui, query, params, body: {}, headers: {} };
      const { status = 200, body } = await route.handler(request);
      return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
    },
  };
}

/** In their order: of two that fit, the first is the more precise. */
function find<T extends { route: string | string[] }>(
  routes: readonly T[],
  path: string,
): { route: T; params: Record<string, string> } | undefined {
  for (const route of routes) {
    for (const pattern of [route.route].flat()) {
      const params = matchPath(pattern, path);
      if (params !== undefined) return { route, params };
    }
  }
  return undefined;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;' };

/** All that the page uses of EJS: values, escaped (`<%=`) or as they are (`<%-`). And it asks no other host for its fonts. */
function fill(template: string, params: Record<string, string>): string {
  return template
    .replaceAll(/<link [^>]*href="https:[^>]*>/g, '')
    .replaceAll(/<%([=-]) (\w+) %>/g, (_tag, mode: string, name: string) => {
      const value = params[name] ?? '';
      return mode === '-' ? value : value.replaceAll(/[&<>"]/g, (sign) => entities[sign] ?? sign);
    });
}

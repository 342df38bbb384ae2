import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { openConsole, signIn, signedIn } from '../support/console.ts';
import { browser, stack } from '../support/operations.ts';

/** A reverse proxy that serves the api under `/desk/`, as on a domain with other sites. */
async function proxyTo(
  target: string,
  rule: (incoming: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<{ url: string; server: Server }> {
  const server = createServer((incoming, response) => {
    if (!incoming.url?.startsWith('/desk/')) {
      response.writeHead(404).end();
      return;
    }
    if (rule(incoming, response)) return;
    const passed = request(
      target + incoming.url.slice('/desk'.length),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    incoming.pipe(passed);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/desk/`, server };
}

export function connectionTests(): void {
  test('works behind a proxy under a path, and limits its cookie to that path', async () => {
    const { url, server } = await proxyTo(stack.url.api);
    try {
      await using opened = await openConsole(browser, url);
      await signIn(opened.page, stack.keys.adminKey);
      await opened.page.locator('.connection.live').waitFor();
      const cookies = await opened.context.cookies(`${url}api/me`);
      expect(cookies.map(({ path }) => path)).toEqual(['/desk/api']);
      expect(opened.faults).toEqual([]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('polls if a proxy blocks the event stream', async () => {
    const { url, server } = await proxyTo(stack.url.api, ({ url: path }, response) => {
      if (path?.includes('/api/console/stream') !== true) return false;
      response.writeHead(502).end();
      return true;
    });
    try {
      await using opened = await openConsole(browser, url);
      await signIn(opened.page, stack.keys.adminKey);
      await opened.page.locator('.connection.polling').waitFor();
      await opened.page.getByText('All is well').first().waitFor();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('shows that the api is away while it restarts, and reconnects by itself', async () => {
    await using opened = await signedIn(browser, stack, stack.keys.adminKey);
    const { page, faults } = opened;
    await page.getByText('All is well').first().waitFor();
    await stack.services.api.stop();
    await page.getByText('The api does not answer.').waitFor();
    await page.locator('.connection.away').waitFor();
    await stack.services.api.start();
    await page.locator('.connection.live').waitFor();
    await page.getByText('All is well').first().waitFor();
    expect(faults).toEqual([]);
  });

  test('a hidden page sends no requests, and resumes when it is visible again', async () => {
    await using opened = await signedIn(browser, stack, stack.keys.adminKey);
    const { page } = opened;
    await page.locator('.connection.live').waitFor();
    const hide = (hidden: boolean): Promise<void> =>
      page.evaluate((isHidden) => {
        Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    const ended = page.waitForEvent('requestfailed', (one) => one.url().includes('/api/console/stream'));
    await hide(true);
    await ended;
    const begun = page.waitForRequest(/api\/console\/stream\?since=/);
    await hide(false);
    await begun;
    await page.locator('.connection.live').waitFor();
  });
}

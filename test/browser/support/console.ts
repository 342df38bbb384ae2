import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Stack, chromiumPath } from '@prosaas/devstack';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
  chromium,
} from 'playwright-core';
import { expect } from 'vitest';

/** How long tests wait for the page on a busy machine. */
export const PATIENCE_MS = 30_000;

/** Starts a headless Chromium. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    // Chromium cannot use its sandbox as root.
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

export interface OpenConsole extends AsyncDisposable {
  page: Page;
  context: BrowserContext;
  /** Faults of the page: errors, violations of the content security policy, requests to other hosts. */
  faults: string[];
}

export type ConsoleOptions = BrowserContextOptions & {
  /** The page to open: `conversations`. */
  path?: string;
};

export const addressIn = (stack: Stack, path: string): string => `${stack.url.api}/#/${path}`;

/** Opens the console in a new browser context without cookies. */
export async function openConsole(browser: Browser, url: string): Promise<OpenConsole> {
  const opened = await newPage(browser, url, {});
  await opened.page.goto(url);
  return opened;
}

/** Signs in at the page that `openConsole` opens. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Your key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** Opens a page of a stack's console in a new browser context that is signed in. */
export async function signedIn(
  browser: Browser,
  stack: Stack,
  key: string,
  { path = '', ...options }: ConsoleOptions = {},
): Promise<OpenConsole> {
  const opened = await newPage(browser, stack.url.api, options);
  const { context, page } = opened;
  const response = await context.request.post(`${stack.url.api}/api/sign-in`, { data: { key } });
  expect(response.status()).toBe(200);
  await page.goto(addressIn(stack, path));
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  return opened;
}

/** What the overview, or the page of a session, says of its state. */
export const statusIn = (page: Page): Locator => page.getByRole('region', { name: 'Status', exact: true });

/** A page in a context of its own that notes its faults. */
async function newPage(browser: Browser, url: string, options: BrowserContextOptions): Promise<OpenConsole> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // Failed requests to the api are not faults of the page.
    if (message.type() === 'error' && !/Failed to load resource|EventSource/.test(message.text()))
      faults.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !/^(data|blob):/.test(request.url()))
      faults.push(`asked ${request.url()}`);
  });
  return { page, context, faults, [Symbol.asyncDispose]: () => context.close() };
}

/** Updates the README's screenshot: `KEEP_SCREENSHOT=1 npm test -- test/browser/front-desk`. */
export async function keepScreenshot(page: Page): Promise<void> {
  if (process.env['KEEP_SCREENSHOT'] === undefined) return;
  await page.evaluate(() => {
    document.documentElement.dataset['theme'] = 'light';
  });
  await page.screenshot({ path: fileURLToPath(new URL('../../../docs/console.png', import.meta.url)) });
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Expects axe-core to find nothing at WCAG 2.2 AA, in both themes. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await page.evaluate((name) => {
      document.documentElement.dataset['theme'] = name;
    }, theme);
    expect({ theme, findings: await findingsOf(page) }).toEqual({ theme, findings: [] });
  }
}

async function findingsOf(page: Page): Promise<string[]> {
  // Evaluated in the page, because the content security policy blocks a script element.
  const loaded = await page.evaluate(() => 'axe' in globalThis);
  if (!loaded) await page.evaluate(await readFile(axe, 'utf8'));
  return page.evaluate(async (runOnly) => {
    const { axe: checker } = globalThis as unknown as {
      axe: {
        run(options: object): Promise<{
          violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[];
        }>;
      };
    };
    const { violations } = await checker.run({ runOnly });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${JSON.stringify(target)} ${failureSummary ?? ''}`),
    );
  }, TAGS);
}

/** Waits until no element is wider than the page. */
export async function expectToFit(page: Page): Promise<void> {
  const tooWide = (): Promise<string[]> =>
    page.evaluate(() => {
      const { clientWidth, scrollWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return [];
      return [...document.body.querySelectorAll('*')]
        .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
        .map((element) => element.outerHTML.slice(0, 120))
        .concat(`${scrollWidth} of ${clientWidth}`);
    });
  await expect.poll(tooWide).toEqual([]);
}

// Used by assemble-image.mjs: bundles an entry of an app with everything it imports, because Node loads one file much faster than a thousand.
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** `external`: packages that stay in node_modules, with the reason; `absent`: optional ones that are not installed and never imported. */
const notBundled = JSON.parse(readFileSync(new URL('not-bundled.json', import.meta.url), 'utf8'));
export const { external } = notBundled;

/**
 * Bundles `entry` of the workspace tree `root` to the same path under `out`. `import.meta.url` of a module keeps pointing to the module's
 * place in the tree, where the files beside it (Lua, SQL, profiles) are copied. Other `entries` that it imports dynamically stay files of
 * their own.
 */
export async function bundle({ root, entry, entries, out }) {
  const place = (id) => relative(dirname(join(root, entry)), id);
  const others = new Set(entries.filter((other) => other !== entry).map((other) => join(root, other)));
  const packages = [...Object.keys(external), ...notBundled.absent].map(
    (name) => new RegExp(`^${name}(/|$)`),
  );
  const bundled = await rolldown({
    input: join(root, entry),
    cwd: root,
    platform: 'node',
    // The code is already JavaScript, and our tsconfig files refer to folders that an image does not have.
    tsconfig: false,
    external: (id, importer) =>
      packages.some((name) => name.test(id)) ||
      (id.startsWith('.') && importer !== undefined && others.has(resolve(dirname(importer), id))),
    logLevel: 'warn',
    onLog(level, log, handler) {
      // These warnings come from CommonJS packages that inspect their own exports.
      if (log.code !== 'EVAL' && log.code !== 'COMMONJS_VARIABLE_IN_ESM') handler(level, log);
    },
    plugins: [
      {
        name: 'where-modules-are',
        transform(code, id) {
          const file = id.split('?', 1)[0];
          const here = `new URL(${JSON.stringify(place(file))}, import.meta.url)`;
          const isModule = code.includes('import.meta.url');
          const asks = isModule || /\b__(?:dirname|filename)\b/.test(code);
          if (!asks) return undefined;
          return {
            code: isModule
              ? code.replaceAll('import.meta.url', `${here}.href`)
              : code
                  .replaceAll(/\b__dirname\b/g, JSON.stringify(dirname(place(file))))
                  .replaceAll(/\b__filename\b/g, JSON.stringify(place(file))),
            map: null,
          };
        },
      },
    ],
  });
  await bundled.write({
    file: join(out, entry),
    format: 'esm',
    codeSplitting: false,
  });
  await bundled.close();
}

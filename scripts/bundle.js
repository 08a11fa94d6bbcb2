/**
 * Puts each compiled program into one file, and beside it the code that V8 makes of it. Loading its modules one by one and
 * compiling them takes a server twice as long as all the rest of a mount. bin/stratafs and bin/strata take the bundle where
 * it is newer than what it was made of.
 *
 *   dist/bundle/NAME.cjs           bundle/start.cjs, which runs
 *   dist/bundle/program-NAME.js    the program
 *   dist/bundle/program-NAME.code  its code
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const out = 'dist/bundle';
/** The options of Node that bin/ starts each with: code that was made with others is not taken. */
const programs = [
  { name: 'server', entry: 'dist/cli/server.js', nodeOptions: ['--max-semi-space-size=4'] },
  { name: 'strata', entry: 'dist/cli/strata.js', nodeOptions: [] },
];

/** Modules of Node that take a millisecond or more to load, and that few runs use. */
const lazyModules = [
  'child_process',
  'crypto',
  'http',
  'https',
  'net',
  'readline',
  'readline/promises',
  'v8',
  'vm',
];

/**
 * What is imported dynamically is seldom needed: it stays a module of its own.
 * @type {import('esbuild').Plugin}
 */
const dynamicImportsStayOutside = {
  name: 'dynamic-imports-stay-outside',
  setup(builder) {
    builder.onResolve({ filter: /^\.\.?\//, namespace: 'file' }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import'
        ? { path: relative(out, resolve(resolveDir, path)), external: true }
        : undefined,
    );
  },
};

for (const { name, entry, nodeOptions } of programs) {
  const program = join(out, `program-${name}.js`);
  // V8 knows that code belongs to a text by the text's length alone.
  rmSync(join(out, `program-${name}.code`), { force: true });
  await build({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20',
    charset: 'ascii',
    // Modules of the old kind load faster; what asks for its own place gets that of the bundle, as deep as dist/cli.
    format: 'cjs',
    // bundle/start.cjs calls it with these.
    banner: {
      js: `(function (require, importOutside, filename) { 'use strict'; const moduleUrl = require('node:url').pathToFileURL(filename).href;`,
    },
    footer: { js: '})' },
    define: { 'import.meta.url': 'moduleUrl' },
    plugins: [dynamicImportsStayOutside],
    logLevel: 'warning',
  });
  const text = loadLazily(readFileSync(program, 'latin1'));
  writeFileSync(program, text.replace(/\bimport\(/g, 'importOutside('), 'latin1');
  copyFileSync(join(dirname(fileURLToPath(import.meta.url)), 'bundle/start.cjs'), join(out, `${name}.cjs`));
  execFileSync(process.execPath, [...nodeOptions, 'scripts/bundle/make-code.js', program], {
    stdio: 'inherit',
  });
}

/**
 * esbuild writes `var NAME = require("node:x")` and uses NAME as an expression alone: a call that loads takes its place.
 * @param {string} text
 */
function loadLazily(text) {
  /** @type {Map<string, string>} */
  const calls = new Map();
  const declaration = /^var (import_\w+) = require\("(?:node:)?([a-z0-9_/]+)"\);$/gm;
  const rest = text.replace(declaration, (line, /** @type {string} */ name, /** @type {string} */ module) => {
    if (!lazyModules.includes(module)) return line;
    calls.set(name, `lazy_${name}()`);
    return `var lazy_${name} = () => require("node:${module}");`;
  });
  return rest.replace(/\bimport_\w+\b/g, (name) => calls.get(name) ?? name);
}

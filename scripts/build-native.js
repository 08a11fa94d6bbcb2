/**
 * Builds the addon in native/. It runs at every installation, so its failure is the first thing a new user
 * may see: a missing tool is named with the Debian package that has it. `fs-ext`, which has to be compiled
 * too, is an optional dependency for this reason only: npm then goes on to this script, whose last line
 * says more than the log of somebody else's build.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** Programs that node-gyp needs, and the Debian packages that hold them. */
const tools = { make: 'make', 'g++': 'g++', cc: 'gcc', python3: 'python3' };

const missing = Object.entries(tools).filter(([program]) => !inPath(program));
if (missing.length > 0) {
  const packages = missing.map(([, name]) => name).join(' ');
  fail(`the native part cannot be compiled, install what is missing: apt-get install -y ${packages}`);
}

const args = ['rebuild', '--directory', join(root, 'native'), '--loglevel', 'error', ...headers()];
const built = spawnSync(process.execPath, [nodeGyp(), ...args], {
  stdio: ['ignore', 'pipe', 'pipe'],
  encoding: 'utf8',
});
if (built.status !== 0) {
  process.stderr.write(built.stdout + built.stderr);
  fail(
    'compiling native/ failed, see above; a complete set of tools is: apt-get install -y g++ make python3',
  );
}

try {
  require('fs-ext');
} catch {
  fail(
    'the package fs-ext was not built: allow its install script (npm install-scripts approve fs-ext), then run npm rebuild',
  );
}

/** @param {string} program */
function inPath(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

/** The headers that came with this Node, where they did: then nothing is downloaded. */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? ['--nodedir', prefix] : [];
}

/** npm brings a node-gyp of its own for the scripts that it runs; a checkout has one as well. */
function nodeGyp() {
  try {
    return require.resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return process.env.npm_config_node_gyp ?? fail('node-gyp is not there: run this script through npm');
  }
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`stratafs: ${message}\n`);
  process.exit(1);
}

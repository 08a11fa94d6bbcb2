/**
 * Puts the compiled server into one file. Loading its seventy modules one by one takes twice as long as all
 * the rest of a mount; bin/stratafs takes the bundle where it is newer than what it was made of.
 */
import { build } from 'esbuild';

await build({
  entryPoints: ['dist/cli/server.js'],
  outfile: 'dist/bundle/server.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Modules of the old kind load faster; what asks for its own place gets that of the bundle, as deep as dist/cli.
  format: 'cjs',
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'moduleUrl' },
  logLevel: 'warning',
});

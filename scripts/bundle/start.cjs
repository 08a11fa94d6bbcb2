'use strict';
/**
 * Runs the program that stands beside it as `program-NAME.js`, NAME being its own, with the code that V8 made of it when it was
 * bundled. V8 takes that only where it is the same version with the same options, and compiles otherwise.
 */
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const filename = __filename.replace(/([^/]+)\.cjs$/, 'program-$1.js');

/** @returns {Buffer | undefined} */
function findCode() {
  try {
    return readFileSync(filename.replace(/js$/, 'code'));
  } catch {
    return undefined;
  }
}

const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData: findCode() });
/** @type {(load: typeof require, importOutside: (specifier: string) => Promise<unknown>, filename: string) => void} */
const program = script.runInThisContext();
program(require, (specifier) => import(specifier), filename);

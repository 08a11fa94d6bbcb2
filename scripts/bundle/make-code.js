/** Compiles the program that is its argument, every function of it, for start.cjs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const filename = String(process.argv[2]);
// In force only meanwhile: the code names the options that hold when it is written.
setFlagsFromString('--no-lazy');
const script = new Script(readFileSync(filename, 'latin1'), { filename });
setFlagsFromString('--lazy');
writeFileSync(filename.replace(/js$/, 'code'), script.createCachedData());

/**
 * The programs of native/, which are compiled together with the addon and lie beside it.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from '../base/user-error.ts';

/** The same place seen from src/os, dist/os and dist/bundle. */
const directory = '../../native/build/Release/';

/** The path of the program `name`. Throws UserError `program-missing` where it was not built. */
export function getNativeProgram(name: string): string {
  const path = fileURLToPath(new URL(directory + name, import.meta.url));
  if (existsSync(path)) return path;
  throw new UserError('program-missing', `the program ${name} of native/ is not built`, {
    hint: 'run `npm run build:native`; it needs g++, make and python3',
    exitCode: 125,
  });
}

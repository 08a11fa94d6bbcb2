/**
 * What every object of JavaScript has, `toString` say, was found in tables and in the environment: a stack trace for a
 * platform of that name, and the text of a function as the value of a build argument.
 */
import t from 'tap';
import { findVariable } from '../../src/base/environment.ts';
import { parseRunMounts } from '../../src/build/plan/run-mounts.ts';
import { checkPlatform, ownPlatform } from '../../src/build/plan/platform.ts';

const names = ['toString', 'constructor', '__proto__', 'hasOwnProperty'];

t.test('are the names of nothing', async (t) => {
  const own = ownPlatform('x64');
  for (const name of names) {
    t.equal(findVariable(name), undefined, name);
    for (const platform of [name, `linux/${name}`, `linux/amd64/${name}`]) {
      t.throws(
        () => {
          checkPlatform(platform, own);
        },
        { code: 'foreign-platform' },
        platform,
      );
    }
    const mount = `type=cache,target=/c,${name}=1`;
    const message = new RegExp(`no field "?${name.toLowerCase()}`);
    t.throws(() => parseRunMounts([mount], (word) => word, '/'), { code: 'bad-mount', message }, mount);
  }
});

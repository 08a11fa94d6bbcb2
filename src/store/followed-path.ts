/** Paths in an image through the links in it, as a process sees them whose root it is: none leads out. */
import { UserError } from '../base/user-error.ts';
import { nameToText } from '../base/name.ts';

/** The kernel's bound (`MAXSYMLINKS`). */
const mostLinks = 40;

/**
 * `path` (latin1, as the answer) with each link but one in the last name replaced by what it leads to; with `last`, that one, too.
 * `linkAt` answers where a link at a path leads, and undefined for anything else. UserError `no-such-file` for links that lead
 * in circles.
 */
export function followedPath(
  path: string,
  linkAt: (path: string) => string | undefined,
  { last }: { readonly last: boolean },
): string {
  const left = namesIn(path);
  const done: string[] = [];
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === '..') {
      done.pop();
      continue;
    }
    done.push(name);
    const target = left.length > 0 || last ? linkAt(done.join('/')) : undefined;
    if (target === undefined) continue;
    links += 1;
    if (links > mostLinks)
      throw new UserError('no-such-file', `there is no /${nameToText(path)}: links lead in circles`, {
        hint: 'name a file by another path',
      });
    done.pop();
    if (target.startsWith('/')) done.length = 0;
    left.unshift(...namesIn(target));
  }
  return done.join('/');
}

function namesIn(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

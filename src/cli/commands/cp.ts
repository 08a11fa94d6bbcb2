/** `strata cp`: files between this machine and a container. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { findContainer } from '../../run/container.ts';
import { getContainer, withContainer } from '../../run/container-book.ts';
import { copyFromContainer, copyToContainer } from '../../run/copy-files.ts';
import { openEngine } from '../open-engine.ts';

interface Options {
  readonly archive?: true;
  readonly followLink?: true;
}

export function cpCommand(): Command {
  return new Command('cp')
    .description('copy files from a container, or to one: one of the two paths is CONTAINER:PATH')
    .argument('<source>', 'CONTAINER:PATH or a path; DIR/. is what is in DIR')
    .argument('<target>')
    .option('-a, --archive', 'owners come along')
    .option('-L, --follow-link', 'copy what a symbolic link leads to')
    .action(async (source: string, target: string, { archive, followLink }: Options, command: Command) => {
      const [from, to] = [splitPlace(source), splitPlace(target)];
      const inside = from.container ?? to.container;
      if (inside === undefined || (from.container !== undefined && to.container !== undefined))
        throw new UserError('bad-places', 'one of the two paths is in a container, the other is not', {
          hint: 'write CONTAINER:PATH for the one in the container',
        });
      if (source === '-' || target === '-')
        throw new UserError('no-streams', 'archives on standard input and output are not there', {
          hint: `copy to a directory, and use tar there: strata cp ${source === '-' ? 'DIR' : source} ${target === '-' ? 'DIR' : target}`,
        });
      const { engine } = await openEngine(command);
      const { id } = await getContainer(engine, inside);
      const options = { archive: archive === true, followLink: followLink === true };
      await withContainer(engine, id, async () => {
        const container = await findContainer(engine, id);
        if (container === undefined) return;
        const copy = from.container === undefined ? copyToContainer : copyFromContainer;
        await copy(engine, container, from.path, to.path, options);
      });
    });
}

/** A path with a slash or a dot in front is never a container's. */
function splitPlace(text: string): { readonly container: string | undefined; readonly path: string } {
  const match = /^([^/.:][^/:]*):(.*)$/s.exec(text);
  if (match === null) return { container: undefined, path: text };
  const [, container, path = ''] = match;
  return { container, path: path.startsWith('/') ? path : `/${path}` };
}

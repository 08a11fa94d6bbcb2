/** `strata cp`: files between this machine and a container. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { getContainer, withPresentContainer } from '../../run/container-book.ts';
import type { Container } from '../../run/container.ts';
import { copyFromArchive, copyToArchive, receiveArchive } from '../../run/copy-archive.ts';
import { copyFromContainer, copyToContainer } from '../../run/copy-files.ts';
import { Workspace } from '../../store/workspace.ts';
import { openEngine, type OpenedEngine } from '../open-engine.ts';
import { toStandardOutput } from '../standard-output.ts';

interface Options {
  readonly archive?: true;
  readonly followLink?: true;
  readonly quiet?: true;
}

export function cpCommand(): Command {
  return new Command('cp')
    .description('copy files from a container, or to one: one of the two paths is CONTAINER:PATH')
    .argument('<source>', 'CONTAINER:PATH or a path; DIR/. is what is in DIR; - is a tar on standard input')
    .argument('<target>', 'the other one; - is a tar on standard output')
    .option('-a, --archive', 'owners come along, as those of a tar do anyway')
    .option('-L, --follow-link', 'copy what a symbolic link leads to')
    .option('-q, --quiet', 'as it is anyway: no progress is shown')
    .action(async (source: string, target: string, { archive, followLink }: Options, command: Command) => {
      const [from, to] = [splitPlace(source), splitPlace(target)];
      const inside = from.container ?? to.container;
      if (inside === undefined || (from.container !== undefined && to.container !== undefined))
        throw new UserError('bad-places', 'one of the two paths is in a container, the other is not', {
          hint: 'write CONTAINER:PATH for the one in the container',
        });
      checkStreams(source, target);
      const opened = await openEngine(command);
      const { engine } = opened;
      const container = await getContainer(engine, inside);
      const options = { archive: archive === true, followLink: followLink === true };
      if (source === '-') await fromStandardInput(opened, container, to.path);
      else
        await withPresentContainer(engine, container, () => {
          if (target === '-')
            return toStandardOutput((sink) => copyToArchive(engine, container, from.path, options, sink));
          const copy = from.container === undefined ? copyToContainer : copyFromContainer;
          return copy(engine, container, from.path, to.path, options);
        });
    });
}

/** UserError `terminal`. */
function checkStreams(source: string, target: string): void {
  if (source === '-' && process.stdin.isTTY)
    throw new UserError('terminal', 'a terminal is no tar', {
      hint: `write tar -c DIR | strata cp - ${target}`,
    });
  if (target === '-' && process.stdout.isTTY)
    throw new UserError('terminal', 'a tar is nothing for a terminal', {
      hint: `write strata cp ${source} - >FILE`,
    });
}

/** The container is not held while the tar comes, which may be from another copy out of it. */
async function fromStandardInput(
  { engine, store }: OpenedEngine,
  container: Container,
  path: string,
): Promise<void> {
  await Workspace.use(store, async (workspace) => {
    const received = await receiveArchive(process.stdin, await workspace.makeScratch(), {
      hint: 'write one to standard input: tar -c DIR | strata cp - CONTAINER:PATH',
    });
    await withPresentContainer(engine, container, () => copyFromArchive(engine, container, received, path));
  });
}

/** A path with a slash or a dot in front is never a container's. */
function splitPlace(text: string): { readonly container: string | undefined; readonly path: string } {
  const match = /^([^/.:][^/:]*):(.*)$/s.exec(text);
  if (match === null) return { container: undefined, path: text };
  const [, container, path = ''] = match;
  return { container, path: path.startsWith('/') ? path : `/${path}` };
}

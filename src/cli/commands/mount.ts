/** `strata mount` and `strata umount`: an image, a container or directories, shown at a place. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { findGiven, withPresentContainer } from '../../run/container-book.ts';
import type { Container } from '../../run/container.ts';
import { isPath, mountTree, unmountTreeAt } from '../../store/mount-tree.ts';
import { eachOperand } from '../each-operand.ts';
import { openEngine, type OpenedEngine } from '../open-engine.ts';
import { openStore } from '../open-store.ts';

export function mountCommand(): Command {
  return new Command('mount')
    .description('show an image, a container, or directories stacked from the top, at a mount point')
    .argument('<source...>', 'an image, a container, or directories (as paths: ./DIR); then the mount point')
    .option('--upper <dir>', 'where changes go; read-only without it')
    .action(async (words: string[], { upper }: { readonly upper?: string }, command: Command) => {
      const target = words.at(-1);
      const sources = words.slice(0, -1);
      if (target === undefined || sources.length === 0) {
        throw new UserError('missing-mount-point', 'there is no mount point', {
          hint: `write strata mount ${words.join(' ')} MOUNTPOINT`,
        });
      }
      const opened = await openEngine(command);
      const container =
        sources.length === 1 && !isPath(words[0] ?? '')
          ? await findGiven(opened.engine, words[0] ?? '')
          : undefined;
      if (container === undefined) await mountTree(opened.store, { sources, upper, target });
      else await mountContainer(opened, container, { upper, target });
    });
}

/** What it writes goes where it goes when it runs, so there is no other upper. */
async function mountContainer(
  { engine, layers }: OpenedEngine,
  container: Container,
  { upper, target }: { readonly upper: string | undefined; readonly target: string },
): Promise<void> {
  const { id, name } = container;
  if (upper !== undefined)
    throw new UserError('container-upper', `what is changed in ${name} goes to its own layer`, {
      hint: `leave --upper out, or mount its image: strata commit ${name} IMAGE; strata mount --upper ${upper} IMAGE ${target}`,
    });
  await withPresentContainer(engine, container, () => layers.mountAt(id, target));
}

export function umountCommand(): Command {
  return new Command('umount')
    .alias('unmount')
    .description('take a mount of strata mount away')
    .argument('<mountpoint...>')
    .option('-l, --lazy', 'also while programs use it')
    .action(async (targets: string[], { lazy }: { readonly lazy?: true }, command: Command) => {
      const store = await openStore(command);
      await eachOperand(targets, (target) => unmountTreeAt(store, target, { lazy: lazy === true }));
    });
}

/** `strata mount` and `strata umount`: an image or directories, shown at a place. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { mountTree, unmountTreeAt } from '../../store/mount-tree.ts';
import { openStore } from '../open-store.ts';

export function mountCommand(): Command {
  return new Command('mount')
    .description('show an image, or directories stacked from the top, at a mount point')
    .argument('<source...>', 'an image, or directories (as paths: ./DIR); then the mount point')
    .option('--upper <dir>', 'where changes go; read-only without it')
    .action(async (words: string[], { upper }: { readonly upper?: string }, command: Command) => {
      const target = words.at(-1);
      const sources = words.slice(0, -1);
      if (target === undefined || sources.length === 0) {
        throw new UserError('missing-mount-point', 'there is no mount point', {
          hint: `write strata mount ${words.join(' ')} MOUNTPOINT`,
        });
      }
      await mountTree(await openStore(command), { sources, upper, target });
    });
}

export function umountCommand(): Command {
  return new Command('umount')
    .alias('unmount')
    .description('take a mount of strata mount away')
    .argument('<mountpoint...>')
    .option('-l, --lazy', 'also while programs use it')
    .action(async (targets: string[], { lazy }: { readonly lazy?: true }, command: Command) => {
      const store = await openStore(command);
      for (const target of targets) await unmountTreeAt(store, target, { lazy: lazy === true });
    });
}

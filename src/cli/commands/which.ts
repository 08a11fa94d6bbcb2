/** `strata which PATH`: which layer a file comes from, and which instruction made that. */
import { Command } from 'commander';
import { shortId } from '../../store/ids.ts';
import { findProvenance } from '../../store/which.ts';
import { openStore } from '../open-store.ts';
import { printJson, printLines } from '../print.ts';

export function whichCommand(): Command {
  return new Command('which')
    .description('which layer a file comes from, and which instruction made that')
    .argument('<file>', 'a file in a mount of strata mount, or IMAGE:/PATH')
    .option('--json', 'as JSON')
    .action(async (word: string, { json }: { readonly json?: true }, command: Command) => {
      const store = await openStore(command);
      const found = await store.lock.shared(() => findProvenance(store, word));
      if (json === true) printJson(found);
      else if (found.layer === 'upper') printLines([`${found.path}: changed in this mount`]);
      else
        printLines([
          `${found.path}: layer ${shortId(found.diffId ?? '')}, made by: ${found.createdBy ?? 'unknown'}`,
        ]);
    });
}

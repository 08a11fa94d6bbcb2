/** `strata system df`, `check` and `prune`: the data root as a whole. */
import { Command } from 'commander';
import { checkStore } from '../../store/check/run-check.ts';
import { openStore } from '../open-store.ts';
import { printJson, printLines } from '../print.ts';
import { dfCommand } from './df.ts';
import { infoCommand } from './info.ts';
import { pruneSystemCommand } from './prune.ts';

export function systemCommand(): Command {
  return new Command('system')
    .description('the data root as a whole')
    .addCommand(dfCommand())
    .addCommand(checkCommand())
    .addCommand(infoCommand())
    .addCommand(pruneSystemCommand());
}

/** Exit status of a check that found something. */
const foundStatus = 2;

function checkCommand(): Command {
  return new Command('check')
    .description('verify the data root; exit status 2 where something is wrong')
    .option('--repair', 'mend what can be mended, and throw away what is left over')
    .option('--json', 'as JSON')
    .action(async ({ repair, json }: { readonly repair?: true; readonly json?: true }, command: Command) => {
      const store = await openStore(command, { collect: false });
      const result = await checkStore(store, { repair: repair === true });
      if (json === true) printJson(result);
      else {
        printLines([
          ...result.mended.map(({ code, path, message }) => `mended ${code}: ${path}: ${message}`),
          ...result.found.map(
            ({ code, path, message, mendable }) =>
              `${code}: ${path}: ${message}${mendable ? ' (--repair mends it)' : ''}`,
          ),
          result.found.length === 0 ? 'nothing is wrong' : `${String(result.found.length)} faults`,
        ]);
      }
      if (result.found.length > 0) process.exitCode = foundStatus;
    });
}

/** `strata export`: the tree of a container or an image as a tar. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { findGiven, getContainer } from '../../run/container-book.ts';
import { exportContainer } from '../../run/export-container.ts';
import { exportImage } from '../../store/export-image.ts';
import { writeOutput } from '../../store/output-file.ts';
import { openEngine } from '../open-engine.ts';
import { toStandardOutput } from '../standard-output.ts';

/** `kind`: of what `container export` speaks; a container comes before an image of its name. */
export function exportCommand(kind?: 'container'): Command {
  return new Command('export')
    .description(`write the whole tree of a container${kind === undefined ? ' or an image' : ''} as a tar`)
    .argument(kind === undefined ? '<container-or-image>' : '<container>')
    .option('-o, --output <file>', 'to a file instead of standard output')
    .action(async (name: string, { output }: { readonly output?: string }, command: Command) => {
      if (output === undefined && process.stdout.isTTY) {
        throw new UserError('terminal', 'a tar is nothing for a terminal', {
          hint: `write strata export -o FILE ${name}`,
        });
      }
      const { engine, store } = await openEngine(command);
      const container = await (kind === undefined ? findGiven : getContainer)(engine, name);
      if (container === undefined)
        await exportImage(store, name, (write) =>
          output === undefined
            ? toStandardOutput(write)
            : writeOutput(output, (file) => write((chunk) => file.writeFile(chunk))),
        );
      else await exportContainer(engine, container, output);
    });
}

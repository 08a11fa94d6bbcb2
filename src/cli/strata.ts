/**
 * The program `strata`: reads its command line with commander, runs one command of `commands/`, and turns
 * what goes wrong into one line and an exit status. It knows no command's work.
 */
import { Command } from 'commander';
import { FsError } from '../base/fs-error.ts';
import { UserError } from '../base/user-error.ts';
import { readPackageVersion } from '../os/package-version.ts';
import { benchCommand } from './commands/bench.ts';
import { buildCommand } from './commands/build.ts';
import { catCommand } from './commands/cat.ts';
import { containerCommand, containerCommands } from './commands/container.ts';
import { diffCommand } from './commands/diff.ts';
import { endRunCommand } from './commands/end-run.ts';
import { exportCommand } from './commands/export.ts';
import { historyCommand } from './commands/history.ts';
import { imageCommand } from './commands/image.ts';
import { imagesCommand } from './commands/images.ts';
import { importCommand } from './commands/import.ts';
import { infoCommand } from './commands/info.ts';
import { inspectCommand } from './commands/inspect.ts';
import { layersCommand } from './commands/layers.ts';
import { mountCommand, umountCommand } from './commands/mount.ts';
import { pruneImagesCommand } from './commands/prune.ts';
import { psCommand } from './commands/ps.ts';
import { rmiCommand } from './commands/rmi.ts';
import { statsCommand } from './commands/stats.ts';
import { systemCommand } from './commands/system.ts';
import { tagCommand } from './commands/tag.ts';
import { treeCommand } from './commands/tree.ts';
import { volumeCommand } from './commands/volume.ts';
import { whichCommand } from './commands/which.ts';
import { markOperands } from './mark-operands.ts';
import { addRootOptions } from './open-store.ts';

/** Runs one command; the exit status goes to `process.exitCode`. */
async function main(): Promise<void> {
  // For a reader who has gone, as `head` does, it was enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const program = addRootOptions(new Command('strata'))
    .description(
      'Copy-on-write layers: builds and keeps images, runs containers, mounts and measures them, looks into mounts.',
    )
    .version(readPackageVersion(), '--version')
    .showHelpAfterError('(strata --help tells more)');
  for (const command of commands()) program.addCommand(command);
  program.addCommand(endRunCommand(), { hidden: true });
  try {
    await program.parseAsync(markOperands(program, process.argv));
  } catch (thrown) {
    process.stderr.write(`strata: ${lineOf(thrown)}\n`);
    process.exitCode = thrown instanceof UserError ? thrown.exitCode : 1;
  }
}

function commands(): Command[] {
  return [
    buildCommand(),
    importCommand(),
    exportCommand(),
    imagesCommand('images'),
    historyCommand(),
    inspectCommand(),
    tagCommand(),
    rmiCommand('rmi'),
    pruneImagesCommand('prune'),
    layersCommand(),
    diffCommand(),
    catCommand(),
    treeCommand(),
    whichCommand(),
    mountCommand(),
    umountCommand(),
    ...containerCommands(),
    psCommand('ps'),
    containerCommand(),
    volumeCommand(),
    infoCommand(),
    imageCommand(),
    systemCommand(),
    statsCommand(),
    benchCommand(),
  ];
}

/** One line for what a person can mend; a stack for what only we can. */
function lineOf(thrown: unknown): string {
  if (thrown instanceof UserError) return thrown.line;
  if (thrown instanceof FsError) return thrown.message;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

await main();

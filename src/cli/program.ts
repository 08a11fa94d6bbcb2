/**
 * The command line of `strata`: every command, in the order in which help lists them. It is read by the program itself, by
 * completion, and by the test that holds the manual page against it.
 */
import { Command } from 'commander';
import { readPackageVersion } from '../os/package-version.ts';
import { benchCommand } from './commands/bench.ts';
import { buildCommand } from './commands/build.ts';
import { builderCommand } from './commands/builder.ts';
import { catCommand } from './commands/cat.ts';
import { containerCommand, containerCommands } from './commands/container.ts';
import { diffCommand } from './commands/diff.ts';
import { endRunCommand } from './commands/end-run.ts';
import { exportCommand } from './commands/export.ts';
import { helpCommand } from './commands/help.ts';
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
import { versionCommand } from './commands/version.ts';
import { volumeCommand } from './commands/volume.ts';
import { whichCommand } from './commands/which.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { addAbsentCommands } from './absent-commands.ts';
import { addRootOptions } from './open-store.ts';

/** A program that was not run yet. */
export function createProgram(): Command {
  const program = addRootOptions(new Command('strata'))
    .description(
      'Copy-on-write layers: builds and keeps images, runs containers, mounts and measures them, looks into mounts.',
    )
    .version(readPackageVersion(), '--version')
    .showHelpAfterError('(strata --help tells more)');
  for (const command of commands()) program.addCommand(command);
  program.helpCommand(false).addCommand(helpCommand());
  addAbsentCommands(program);
  program.addCommand(endRunCommand(), { hidden: true });
  program.addCommand(completeCommand(), { hidden: true });
  return program;
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
    versionCommand(),
    imageCommand(),
    builderCommand(),
    systemCommand(),
    statsCommand(),
    benchCommand(),
    completionCommand(),
  ];
}

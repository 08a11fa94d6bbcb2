/** `strata image ...`: the commands about images, by their names in Docker's newer grammar. */
import { Command } from 'commander';
import { buildCommand } from './build.ts';
import { historyCommand } from './history.ts';
import { imagesCommand } from './images.ts';
import { importCommand } from './import.ts';
import { inspectCommand } from './inspect.ts';
import { pruneImagesCommand } from './prune.ts';
import { rmiCommand } from './rmi.ts';
import { tagCommand } from './tag.ts';

export function imageCommand(): Command {
  return new Command('image')
    .description('the commands about images')
    .addCommand(buildCommand())
    .addCommand(imagesCommand('ls').alias('list'))
    .addCommand(inspectCommand('image'))
    .addCommand(historyCommand())
    .addCommand(importCommand())
    .addCommand(tagCommand())
    .addCommand(rmiCommand('rm').alias('remove'))
    .addCommand(pruneImagesCommand('prune'));
}

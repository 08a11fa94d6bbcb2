/** `strata tag IMAGE NAME`: gives an image one more name. */
import { Command } from 'commander';
import { parseNewName } from '../../store/reference.ts';
import { resolveImage } from '../../store/resolve-image.ts';
import { openStore } from '../open-store.ts';

export function tagCommand(): Command {
  return new Command('tag')
    .description('give an image a name')
    .argument('<image>')
    .argument('<name>', 'NAME[:TAG]')
    .action(async (image: string, name: string, _: unknown, command: Command) => {
      const reference = parseNewName(name);
      const store = await openStore(command);
      await store.lock.exclusive(async () => {
        await store.names.set(reference, (await resolveImage(store, image)).image.id);
      });
    });
}

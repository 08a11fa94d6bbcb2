/** `strata rmi IMAGE...`: takes names away, and with the last name the image and the layers that nobody else has. */
import { Command } from 'commander';
import { findImageOf } from '../../run/container-book.ts';
import { removalLines, removeImage } from '../../store/remove-image.ts';
import { withReserve } from '../../store/reserve.ts';
import { eachOperand } from '../each-operand.ts';
import { openEngine } from '../open-engine.ts';
import { printError, printLines } from '../print.ts';

/** `name`: `rmi`, or `rm` of the command `image`. */
export function rmiCommand(name: string): Command {
  return new Command(name)
    .description('remove images')
    .argument('<image...>')
    .option('-f, --force', 'with all of its names; one that is not there is no failure')
    .action(async (images: string[], { force }: { readonly force?: true }, command: Command) => {
      const { engine, store } = await openEngine(command);
      const imageOf = (container: string) => findImageOf(engine, container);
      const remove = async (image: string): Promise<void> => {
        const removal = await withReserve(store.root, () =>
          removeImage(store, image, { force: force === true, imageOf }),
        );
        printLines(removalLines(removal));
        if (removal.fault !== undefined) printError(removal.fault);
      };
      await eachOperand(images, remove, force === true ? 'no-such-image' : undefined);
    });
}

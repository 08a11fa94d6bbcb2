/** `strata cat IMAGE:/PATH[@LAYER]`: a file of an image, also as an earlier layer had it. */
import { Command } from 'commander';
import { resolveImagePath } from '../../store/image-path.ts';
import { withCacheView } from '../../store/layer-view.ts';
import { openStore } from '../open-store.ts';
import { toStandardOutput } from '../standard-output.ts';

export function catCommand(): Command {
  return new Command('cat')
    .description('print a file of an image, or what it was when an earlier layer was the last')
    .argument('<file>', 'IMAGE:/PATH, or IMAGE:/PATH@LAYER (a digest, or a number: 1 is the lowest)')
    .action(async (word: string, _: unknown, command: Command) => {
      const store = await openStore(command);
      // A pager reads as slowly as a person: the lock is for opening.
      const content = await store.lock.shared(async () => {
        const { path, layer } = await resolveImagePath(store, word);
        const cacheId = layer === undefined ? undefined : (await store.layers.getLayer(layer)).cacheId;
        return withCacheView(store, cacheId, (view) =>
          Promise.resolve(view.openFile(view.follow(path, { last: false }))),
        );
      });
      await toStandardOutput(async (sink) => {
        for await (const chunk of content) await sink(chunk as Buffer);
      });
    });
}

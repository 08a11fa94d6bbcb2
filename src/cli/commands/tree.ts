/** `strata tree IMAGE [PATH]`: what is in an image, with `--layers` from which layer. */
import { Command } from 'commander';
import { nameFromText, nameToText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { layerInstructions } from '../../store/image-config.ts';
import { withLayerView } from '../../store/layer-view.ts';
import { readMergedTree, walkTree } from '../../store/merged-tree.ts';
import { resolveImage } from '../../store/resolve-image.ts';
import { openStore } from '../open-store.ts';
import { printJson, printLines } from '../print.ts';

interface Options {
  readonly layers?: true;
  readonly json?: true;
}

export function treeCommand(): Command {
  return new Command('tree')
    .description('what is in an image')
    .argument('<image>')
    .argument('[path]', 'a directory in it', '/')
    .option('--layers', 'with the number of the layer, 1 for the lowest, that each comes from')
    .option('--json', 'as JSON')
    .action(async (name: string, path: string, { layers, json }: Options, command: Command) => {
      const store = await openStore(command);
      const { image, rows } = await store.lock.shared(async () => {
        const { image } = await resolveImage(store, name);
        const chain = await Promise.all(image.chain.map((chainId) => store.layers.getLayer(chainId)));
        const followed = await withLayerView(store, image, (view) =>
          Promise.resolve(view.follow(nameFromText(path), { last: true })),
        );
        const top = (await readMergedTree(store, chain)).find(followed);
        if (top?.children === undefined) throw noSuchDirectory(name, path, { isThere: top !== undefined });
        const rows = [...walkTree(top)].map(({ path: below, node }) => ({
          path: nameToText(below),
          ...{ mode: node.mode, size: node.size, layer: node.layer + 1 },
        }));
        return { image, rows };
      });
      if (json === true) {
        printJson(rows);
        return;
      }
      if (layers === true) {
        const made = layerInstructions(image.config);
        printLines(made.map((entry, index) => `${String(index + 1)}: ${entry?.created_by ?? 'unknown'}`));
      }
      printLines(rows.map((row) => treeLine(row.path, layers === true ? row.layer : undefined)));
    });
}

function noSuchDirectory(image: string, path: string, { isThere }: { readonly isThere: boolean }): UserError {
  const hint = `strata tree ${image} lists what there is`;
  return isThere
    ? new UserError('not-a-directory', `${path} is no directory in ${image}`, { hint })
    : new UserError('no-such-file', `there is no ${path} in ${image}`, { hint });
}

function treeLine(path: string, layer: number | undefined): string {
  const parts = path.split('/');
  const line = `${'  '.repeat(parts.length - 1)}${parts.at(-1) ?? ''}`;
  return layer === undefined ? line : `${String(layer).padStart(3)}  ${line}`;
}

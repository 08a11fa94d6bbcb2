/**
 * The topmost layer of what `--from` names: a stage that was built, an image of the store, nothing.
 */
import { UserError } from '../../base/user-error.ts';
import type { BuildStore, Chain, StoredImage } from '../build-store.ts';
import type { Source } from '../plan/stages.ts';
import type { BuildSession } from './build-request.ts';

/** Undefined where there are no files. UserError `no-such-image`. */
export async function getChain(session: BuildSession, source: Source): Promise<Chain | undefined> {
  if (source.kind === 'scratch') return undefined;
  if (source.kind === 'stage') {
    const state = session.findState(source.index);
    if (state !== undefined) return state.chain;
    throw new Error('the stages that steps take files from were found before');
  }
  return (await getImage(session.store, source.name)).chain;
}

/** UserError `no-such-image`, `bad-name`. */
export async function getImage(store: BuildStore, name: string): Promise<StoredImage> {
  const image = await store.findImage(name);
  if (image !== undefined) return image;
  throw new UserError('no-such-image', `there is no image ${name} here`, {
    hint: 'strata images lists those that there are; strata import makes one of a directory or an archive',
  });
}

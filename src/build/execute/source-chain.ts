/**
 * The topmost layer of what `--from` names: a stage that was built, an image of the store, nothing.
 */
import { UserError } from '../../base/user-error.ts';
import type { BuildStore, Chain, StoredImage } from '../build-store.ts';
import type { Source } from '../plan/stages.ts';
import type { BuildSession } from './build-request.ts';

/** Undefined where there are no files. UserError `no-such-image`, `unknown-stage`. */
export async function getChain(session: BuildSession, source: Source): Promise<Chain | undefined> {
  if (source.kind === 'scratch') return undefined;
  if (source.kind === 'stage') {
    const state = session.findState(source.index);
    if (state !== undefined) return state.chain;
    // Only an ONBUILD of the base can ask for it: what the Dockerfile itself needs was found before.
    throw new UserError('unknown-stage', `the stage ${String(source.index)} is not part of this build`, {
      hint: 'the target needs it by an ONBUILD only: copy something from it in the Dockerfile, too',
    });
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

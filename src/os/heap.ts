/**
 * Gives memory back to the system after a burst: V8 collects when it needs room, not when there is much
 * to collect, so that a server that was walked through once would stay large for ever.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/** A full collection, which blocks for some hundredths of a second per 100 MB. */
export function createCollector(): () => void {
  let collect: Collect | undefined;
  return () => {
    if (collect === undefined) {
      setFlagsFromString('--expose-gc');
      collect = runInNewContext('gc') as Collect;
    }
    collect({ type: 'major', flavor: 'last-resort' });
  };
}

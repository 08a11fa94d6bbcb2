/**
 * Gives memory back to the system after a burst: V8 collects when it needs room, not when there is much
 * to collect, so that a server that was walked through once would stay large for ever.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Without an argument: V8 11 takes any object for a wish to collect the young generation only. */
type Collect = () => void;

/** A full collection, which blocks for some hundredths of a second per 100 MB. */
export function createCollector(): () => void {
  let collect: Collect | undefined;
  return () => {
    if (collect === undefined) {
      setFlagsFromString('--expose-gc');
      collect = runInNewContext('gc') as Collect;
    }
    collect();
    // The first one empties the young generation, the second one makes it small.
    collect();
  };
}

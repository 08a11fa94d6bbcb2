/**
 * Who comes when. Drivers take turns within a round and the order changes from round to round, so that a machine that
 * gets slower or faster meanwhile does so for all of them, and nobody always comes after the same neighbour.
 */

/** One order per round: the drivers, turned by one each time. */
export function turns<T>(drivers: readonly T[], rounds: number): readonly (readonly T[])[] {
  return Array.from({ length: rounds }, (_, round) => {
    const first = drivers.length === 0 ? 0 : round % drivers.length;
    return [...drivers.slice(first), ...drivers.slice(0, first)];
  });
}

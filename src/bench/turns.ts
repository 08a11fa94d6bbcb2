/**
 * Who comes when. Drivers take turns within a round and the order changes from round to round, so that a machine that
 * gets slower or faster meanwhile does so for all of them. Rounds go around in one direction and the other by turns: in four
 * rounds or more nobody of three or more always comes after the same neighbour, whatever that leaves behind.
 */

/** One order per round: each begins with the next driver, and goes forward or, every second time, backward from there. */
export function turns<T>(drivers: readonly T[], rounds: number): readonly (readonly T[])[] {
  return Array.from({ length: rounds }, (_, round) => {
    const first = drivers.length === 0 ? 0 : round % drivers.length;
    const order = [...drivers.slice(first), ...drivers.slice(0, first)];
    return round % 2 === 0 ? order : [...order.slice(0, 1), ...order.slice(1).reverse()];
  });
}

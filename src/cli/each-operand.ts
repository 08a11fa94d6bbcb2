/**
 * Commands on several names, as Docker's are: each is tried, whatever becomes of the others. What goes wrong is told, and makes
 * the exit status 1.
 */
import { UserError } from '../base/user-error.ts';
import { printError, printLines } from './print.ts';

/** Acts on each of `operands`, in order, and waits for it. A UserError with the code `forgiven` is told, too, but nothing has failed then. */
export async function eachOperand<Operand = string>(
  operands: readonly Operand[],
  act: (operand: Operand) => unknown,
  forgiven?: string,
): Promise<void> {
  for (const operand of operands) {
    try {
      await act(operand);
    } catch (thrown) {
      tell(thrown, forgiven);
    }
  }
}

/** As many as Docker acts on at the same time. */
const atOnceMax = 50;

/** The same for what takes its time: acts on several of `names` at once, and prints each, or what went wrong with it, in order. */
export async function allOperands(
  names: readonly string[],
  act: (name: string) => Promise<unknown>,
  forgiven?: string,
): Promise<void> {
  for (let begin = 0; begin < names.length; begin += atOnceMax) {
    const some = names.slice(begin, begin + atOnceMax);
    const ends = some.map((name) =>
      act(name).then(
        () => () => {
          printLines([name]);
        },
        (thrown: unknown) => () => {
          tell(thrown, forgiven);
        },
      ),
    );
    for (const end of ends) (await end)();
  }
}

/** Lets what is given to the answer be done one after another. */
export function inTurns(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const done = last.then(act);
    last = done.catch(() => undefined);
    return done;
  };
}

/** The same for each thing that has a key: what is named twice is not acted on twice at once. */
export function inTurnsOfEach(): <T>(key: string, act: () => Promise<T>) => Promise<T> {
  const turns = new Map<string, ReturnType<typeof inTurns>>();
  return (key, act) => {
    const inTurn = turns.get(key) ?? inTurns();
    turns.set(key, inTurn);
    return inTurn(act);
  };
}

function tell(thrown: unknown, forgiven: string | undefined): void {
  printError(thrown);
  if (!(thrown instanceof UserError && thrown.code === forgiven)) process.exitCode = 1;
}

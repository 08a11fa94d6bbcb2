import t from 'tap';
import { UserError } from '../../src/base/user-error.ts';
import { signalNumber } from '../../src/run/signal-container.ts';

t.test('signals by name and number', (t) => {
  const known = { TERM: 15, sigkill: 9, '10': 10, SIGRTMIN: 34, 'SIGRTMIN+3': 37, 'RTMAX-1': 63 };
  for (const [text, number] of Object.entries(known)) t.equal(signalNumber(text), number, text);
  for (const text of ['', 'NONE', '0', '65', 'SIGRTMIN+40'])
    t.throws(() => signalNumber(text), UserError, text);
  t.end();
});

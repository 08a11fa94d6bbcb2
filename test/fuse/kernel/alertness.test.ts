import t from 'tap';
import { Alertness } from '../../../src/fuse/kernel/alertness.ts';

// Its timers alone let this process end.
const alive = setInterval(() => undefined, 1000);
t.teardown(() => {
  clearInterval(alive);
});

/** Counts requests until it is told something. */
function watch(countOthers = () => 0): {
  readonly alertness: Alertness;
  readonly told: () => Promise<boolean>;
} {
  let tell: (wanted: boolean) => void = () => undefined;
  const alertness = new Alertness((wanted) => {
    tell(wanted);
  }, countOthers);
  return { alertness, told: () => new Promise((resolve) => (tell = resolve)) };
}

t.test('awake while there are many requests', async (t) => {
  const { alertness, told } = watch();
  const began = told();
  const requests = setInterval(() => {
    for (let n = 0; n < 40; n++) alertness.note();
  }, 1);
  t.equal(await began, true);
  const ended = told();
  clearInterval(requests);
  t.equal(await ended, false);
});

t.test('requests that are answered elsewhere count', async (t) => {
  let others = 0;
  const { alertness, told } = watch(() => (others += 40));
  const began = told();
  alertness.note();
  t.equal(await began, true);
  const ended = told();
  alertness.stop();
  t.equal(await ended, false);
});

t.test('a few requests are nothing to stay awake for', async (t) => {
  const { alertness, told } = watch();
  const answer = told().then(() => 'told');
  for (let n = 0; n < 5; n++) alertness.note();
  const later = new Promise<string>((resolve) => setTimeout(resolve, 50, 'nothing told'));
  t.equal(await Promise.race([answer, later]), 'nothing told');
});

t.test('whoever stops lets others sleep', async (t) => {
  const { alertness, told } = watch();
  const began = told();
  for (let n = 0; n < 100; n++) alertness.note();
  t.equal(await began, true);
  const ended = told();
  alertness.stop();
  t.equal(await ended, false);
});

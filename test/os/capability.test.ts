import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import {
  hasCapSysAdmin,
  hasCapSysAdminInFirstNamespace,
  isFirstUserNamespace,
  mayAdminister,
  mayKeepSetgid,
} from '../../src/os/capability.ts';
import { isInGroup } from '../../src/os/groups.ts';
import { needs } from '../fixtures/needs.ts';

t.test('CapEff has bit 21 or not', (t) => {
  t.equal(hasCapSysAdmin('Name:\tx\nCapEff:\t000001fffeffffff\n'), true);
  t.equal(hasCapSysAdmin('CapEff:\t0000000000200000\n'), true);
  t.equal(hasCapSysAdmin('CapPrm:\t000001ffffffffff\nCapEff:\t00000000a80425fb\n'), false);
  t.equal(hasCapSysAdmin(''), false);
  t.end();
});

t.test('only the first user namespace maps all ids to themselves', (t) => {
  t.equal(isFirstUserNamespace('         0          0 4294967295\n'), true);
  t.equal(
    isFirstUserNamespace('         0       1001          1\n         1     100000      65536\n'),
    false,
  );
  t.end();
});

t.test('root of the machine', needs('root'), (t) => {
  t.equal(hasCapSysAdminInFirstNamespace(), true);
  t.end();
});

t.test('another process', needs('root', 'program:setpriv'), async (t) => {
  const script = 'echo; read -r _';
  const rights = async (command: string, args: readonly string[]): Promise<boolean[]> => {
    const child = spawn(command, [...args, 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const pid = child.pid ?? 0;
    const seen = [mayAdminister(pid), mayKeepSetgid(pid), isInGroup(pid, 77), isInGroup(pid, 78)];
    child.stdin.end();
    await once(child, 'exit');
    t.strictSame([mayAdminister(pid), mayKeepSetgid(pid), isInGroup(pid, 77)], [false, false, false]);
    return seen;
  };
  const groups = ['--regid=77', '--groups=78'];
  t.strictSame(await rights('setpriv', ['--reuid=1234', ...groups]), [false, false, true, true]);
  t.strictSame(await rights('setpriv', ['--clear-groups', '--inh-caps=-all']), [true, true, false, false]);
  t.strictSame(await rights('setpriv', ['--bounding-set=-fsetid', '--groups=78']), [
    true,
    false,
    false,
    true,
  ]);
  t.strictSame(await rights('unshare', ['--user', '--map-root-user']), [false, false, false, false]);
});

import t from 'tap';
import {
  hasCapSysAdmin,
  hasCapSysAdminInFirstNamespace,
  isFirstUserNamespace,
} from '../../src/os/capability.ts';
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

import { readFileSync } from 'node:fs';
import t from 'tap';
import { UserError } from '../../src/base/user-error.ts';
import { capabilitiesOf } from '../../src/run/capabilities.ts';

t.test('capabilities as Docker has them', (t) => {
  const of = (add: string[], drop: string[]): string => capabilitiesOf({ add, drop }).join(' ');
  const usual = of([], []);
  t.match(usual, /^CAP_CHOWN .*CAP_AUDIT_WRITE$/);
  t.equal(of(['net_admin', 'CAP_CHOWN'], []), `${usual} CAP_NET_ADMIN`);
  t.equal(of([], ['chown']), usual.replace('CAP_CHOWN ', ''));
  t.equal(of([], ['ALL']), '');
  t.equal(of(['KILL'], ['all']), 'CAP_KILL');
  t.match(of(['ALL'], ['ALL']), /CAP_SYS_ADMIN/);
  t.equal(of(['KILL'], ['KILL']), `${usual.replace('CAP_KILL ', '')} CAP_KILL`);
  t.match(of(['ALL'], ['SYS_ADMIN']), /CAP_SYS_BOOT/);
  t.notMatch(of(['ALL'], ['SYS_ADMIN']), /CAP_SYS_ADMIN/);
  const [, bounding = ''] = /^CapBnd:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  const ours = BigInt(`0x${bounding}`).toString(2).replaceAll('0', '').length;
  t.equal(of(['ALL'], []).split(' ').length, ours, 'those that we have not ourselves no runtime can give');
  for (const text of ['', 'NONE', 'CAP_CAP_KILL']) t.throws(() => of([text], []), UserError, text);
  t.end();
});

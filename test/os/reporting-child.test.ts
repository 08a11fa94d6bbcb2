import t from 'tap';
import { startReportingChild } from '../../src/os/reporting-child.ts';

t.test('of what a child prints, the end is kept', async (t) => {
  const script = `
    for (let i = 0; i < 20000; i++) process.stderr.write('line ' + i + '\\n');
    require('node:fs').writeSync(3, '0\\n');`;
  const child = await startReportingChild({ program: process.execPath, args: ['-e', script] });
  t.equal(await child.report, 0);
  t.strictSame(await child.exited, { code: 0, signal: null });
  const kept = child.errorOutput();
  t.ok(kept.endsWith('line 19998\nline 19999\n'));
  t.equal(kept.length, 65536);
});

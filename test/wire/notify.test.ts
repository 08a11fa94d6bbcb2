import t from 'tap';
import { invalEntryFlag } from '../../src/wire/flags.ts';
import {
  notifyDelete,
  notifyInvalEntry,
  notifyInvalInode,
  notifyResend,
  notifyStore,
  storeDataOffset,
} from '../../src/wire/notify.ts';
import { pack } from './fixtures/pack.ts';

const node = 0x11_2233_4455;

t.test('INVAL_INODE', (t) => {
  t.same(notifyInvalInode(node, 0x66, 0x77), pack(['LLQQQQ', 40, 2, 0, node, 0x66, 0x77]));
  t.same(notifyInvalInode(node, -1, 0), pack(['LLQQQQ', 40, 2, 0, node, -1, 0]), 'attributes only');
  t.end();
});

t.test('INVAL_ENTRY', (t) => {
  t.same(notifyInvalEntry(node, 'na\xefve'), pack(['LLQQLL', 38, 3, 0, node, 5, 0], 'na\xefve'));
  t.same(
    notifyInvalEntry(node, 'x', invalEntryFlag.EXPIRE_ONLY),
    pack(['LLQQLL', 34, 3, 0, node, 1, 1], 'x'),
  );
  t.end();
});

t.test('DELETE', (t) => {
  t.same(notifyDelete(node, 0x66, 'na\xefve'), pack(['LLQQQLL', 46, 6, 0, node, 0x66, 5, 0], 'na\xefve'));
  t.end();
});

t.test('RESEND', (t) => {
  t.same(notifyResend(), pack(['LLQ', 16, 7, 0]));
  t.end();
});

t.test('STORE', (t) => {
  const buffer = Buffer.alloc(64, 0xff);
  buffer.write('data', storeDataOffset);
  const length = notifyStore(buffer, node, 4);
  t.same(buffer.subarray(0, length), pack(['LLQQQLL', 44, 4, 0, node, 0, 4, 0], Buffer.from('data')));
  t.end();
});

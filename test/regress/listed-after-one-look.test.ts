/** After a single name was asked for, the next listing of a very large directory looked at every one of its entries. */
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { Attr } from '../../src/vfs/attr.ts';
import { openEngine } from '../fixtures/engine.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { EngineClient } from '../robust/fixtures/engine-client.ts';

const many = 6000;

t.test('attributes that are told unasked', needs('root', 'build'), async (t) => {
  const scratch = makeScratch(t);
  for (const name of ['lower', 'upper', 'work']) scratch.directory(name);
  mkdirSync(`${scratch.path}/lower/large`);
  for (let i = 0; i < many; i++) writeFileSync(`${scratch.path}/lower/large/${String(i)}`, '');
  const { union } = openEngine(scratch.path);
  const large = new EngineClient(union).walk('large');
  const attr = new Attr();
  /** How many entries come with attributes, in a listing from the first to the last. */
  const told = (): number => {
    const nodes: number[] = [];
    let names = 0;
    union.readdirplus(large, 0, {
      hasRoom: () => true,
      nextAttr: () => attr,
      add: () => (names += 1),
      addPlus: (_, node) => nodes.push(node),
    });
    t.equal(nodes.length + names, many + 2, 'every name is there, and . and ..');
    for (const node of nodes) union.forget(node as never, 1);
    return nodes.length;
  };
  const look = (count: number): void => {
    for (let i = 0; i < count; i++) union.forget(union.lookup(large, asName(String(i)), attr), 1);
  };
  const first = told();
  t.ok(first <= 4096);
  look(1);
  t.ok(told() < first + 100);
  look(many / 8);
  t.equal(told(), many);
  await union.close();
});

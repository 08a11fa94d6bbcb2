import t from 'tap';
import { parseNewName, parseReference, referenceText, withDefaultTag } from '../../src/store/reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

t.test('names are read as the distribution grammar has them', async (t) => {
  const cases: Record<string, string> = {
    ubuntu: 'ubuntu:latest',
    'ubuntu:22.04': 'ubuntu:22.04',
    'library/ubuntu': 'ubuntu:latest',
    'docker.io/library/ubuntu': 'ubuntu:latest',
    'docker.io/team/app:v1': 'team/app:v1',
    'team/app': 'team/app:latest',
    'library/a/b': 'library/a/b:latest',
    'localhost/app': 'localhost/app:latest',
    'localhost:5000/app:x': 'localhost:5000/app:x',
    'Example.org/app': 'Example.org/app:latest',
    '[2001:db8::1]:5000/app': '[2001:db8::1]:5000/app:latest',
    'a__b--c/d.e': 'a__b--c/d.e:latest',
    'constructor:__proto__': 'constructor:__proto__',
    [`app@${digest}`]: `app@${digest}`,
  };
  for (const [text, shown] of Object.entries(cases)) {
    t.equal(referenceText(withDefaultTag(parseReference(text))), shown, text);
  }
});

t.test('what is no name says what to write', async (t) => {
  const cases: Record<string, RegExp> = {
    Ubuntu: /write ubuntu$/,
    'Team/App:Tag': /registry|write|parts/,
    'team/App:1': /write team\/app:1$/,
    'app:a b': /write app:a-b$/,
    'app:': /letters, digits/,
    '': /NAME/,
    'a..b': /parts are/,
    '-a': /parts are/,
    'a/': /parts are/,
    [digest.slice(7)]: /64 hexadecimal digits/,
    ['a'.repeat(256)]: /shorter/,
    'app@sha256:12': /64 hexadecimal digits/,
  };
  for (const [text, hint] of Object.entries(cases)) {
    t.throws(() => parseReference(text), { code: 'bad-name', hint }, text);
  }
});

t.test('a new name is none that reads as a digest', async (t) => {
  for (const text of ['sha256:abc', 'docker.io/library/sha256', `app@${digest}`])
    t.throws(() => parseNewName(text), { code: 'bad-name' }, text);
  t.equal(referenceText(parseNewName('team/sha256')), 'team/sha256:latest');
});

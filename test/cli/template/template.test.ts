/** Templates, with what Go's text/template and Docker's functions make of them. */
import t from 'tap';
import { formatRows } from '../../../src/cli/listing.ts';
import { evaluateTemplate } from '../../../src/cli/template/evaluate-template.ts';
import { parseTemplate } from '../../../src/cli/template/parse-template.ts';

const value = {
  Name: 'web',
  Size: 3,
  Running: true,
  Labels: { 'com.x': 'one', b: 'two' },
  Layers: ['l1', 'l2'],
  Mounts: [
    { Name: 'a', RW: true },
    { Name: 'b', RW: false },
  ],
  State: { Status: 'running', Pid: 0 },
  Empty: [],
  Nothing: null,
  Label: (name: unknown) => `label of ${String(name)}`,
};

const print = (text: string): string => evaluateTemplate(parseTemplate(text), value);

t.test('what is printed', async (t) => {
  for (const [template, printed] of [
    ['plain', 'plain'],
    ['{{.Name}}', 'web'],
    ['{{ .Name }}: {{.State.Status}}', 'web: running'],
    ['{{json .Layers}}', '["l1","l2"]'],
    ['{{ .Layers | json }}', '["l1","l2"]'],
    ['{{.Layers}}', '[l1 l2]'],
    ['{{.Labels}}', 'map[b:two com.x:one]'],
    ['{{.Running}} {{.Size}}', 'true 3'],
    ['{{.Nothing}}', '<no value>'],
    ['{{range .Mounts}}{{.Name}} {{end}}', 'a b '],
    ['{{range $i, $m := .Mounts}}{{$i}}={{$m.Name}};{{end}}', '0=a;1=b;'],
    ['{{range $m := .Mounts}}{{$m.Name}}{{$.Name}}{{end}}', 'awebbweb'],
    ['{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}', 'b=two com.x=one '],
    ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
    ['{{range .Nothing}}x{{end}}', ''],
    ['{{range .Layers}}{{println .}}{{end}}', 'l1\nl2\n'],
    ['{{if .Running}}yes{{else}}no{{end}}', 'yes'],
    ['{{if .State.Pid}}yes{{else if eq .Name "web"}}web{{else}}no{{end}}', 'web'],
    ['{{if and .Running (not .Empty)}}yes{{end}}', 'yes'],
    ['{{with .State}}{{.Status}}{{end}}', 'running'],
    ['{{index .Layers 0}} {{index .Labels "com.x"}} {{index .Labels "c"}}.', 'l1 one .'],
    ['{{(index .Mounts 1).Name}}', 'b'],
    ['{{with index .Mounts 1}}{{.Name}}{{end}}', 'b'],
    ['{{len .Layers}}', '2'],
    ['{{join .Layers ", "}}', 'l1, l2'],
    ['{{upper .Name}} {{title .Name}} {{.Name | printf "%5s|%-5s|" "x"}}', 'WEB Web     x|web  |'],
    ['{{printf "%.2s|%5.1s|%-3.1s|%.9s" .Name .Name .Name .Name}}', 'we|    w|w  |web'],
    ['{{printf "%.1q %.2v %.1v %.s" .Name .Name .Size .Name}}', '"w" we 3 '],
    ['{{if and .Nothing .Running}}yes{{else}}no{{end}}', 'no'],
    ['{{if and .Running .Nothing}}yes{{else}}no{{end}}', 'no'],
    ['{{and .Running .Name}} {{or .Nothing .Size .Name}} {{or .Empty .Nothing}}', 'web 3 <no value>'],
    ['{{if and .Empty (eq (index .Empty 0).Type "bind")}}x{{else}}none{{end}}', 'none'],
    ['{{if or (not .Empty) (index .Empty 0)}}yes{{end}}', 'yes'],
    ['{{slice .Name 1 3}} {{slice .Name 1}} {{slice .Name}} {{slice .Layers 1 2}}', 'eb eb web [l2]'],
    [
      '{{lt "a" "b"}} {{le "b" "b"}} {{gt "10" "9"}} {{ge .Name "web"}} {{lt 9 10}}',
      'true true false true true',
    ],
    [
      '{{eq .Nothing "x"}} {{eq nil .Nothing}} {{ne .Name "x"}} {{eq .Name "a" "web"}}',
      'false true true true',
    ],
    [
      '{{printf "%.2f %5d|%-5d|%05d %x %t %v %q" 1.5 3 4 7 255 true .Size .Name}}',
      '1.50     3|4    |00007 ff true 3 "web"',
    ],
    [
      '{{printf "%+d %#x %#o %b %X %c %T %T" 3 255 8 5 255 65 .Name .Size}}',
      '+3 0xff 010 101 FF A string int',
    ],
    [
      '{{printf "%e %g %.3g %08.3f %x" 1500.5 0.25 3.14159 -3.14159 .Name}}',
      '1.500500e+03 0.25 3.14 -003.142 776562',
    ],
    [
      '{{printf "%z %d %d" .Size .Name}} {{printf "%%" .Size}} {{printf "50%"}}',
      '%!z(int=3) %!d(string=web) %!d(MISSING) %%!(EXTRA int=3) 50%!(NOVERB)',
    ],
    ['{{print 1 2 "a" "b" 3}}', '1 2ab3'],
    ['{{join .Layers "\t"}}|{{join .Layers "	"}}', 'l1\tl2|l1\tl2'],
    [String.raw`{{"\x41\a\101\u00e9\xc3\xa9\U0001F600\""}} {{'a'}} {{'\n'}}`, 'A\x07Aéé😀" 97 10'],
    ['{{pad .Name 2 1}}|{{pad "" 2 1}}|{{truncate .Name 2}}', '  web ||we'],
    ['{{.Label "a b"}}', 'label of a b'],
    ['a {{- .Name -}} b', 'awebb'],
    ['a{{/* nothing */}}b', 'ab'],
    ['{{"a}}b"}}{{`c"d`}}', 'a}}bc"d'],
  ] as const)
    t.equal(print(template), printed, template);
});

t.test('the headings of a table stay as they are', async (t) => {
  const listing = { titles: { Name: 'NAME', Labels: 'LABELS' }, shown: 1 };
  const rows = [{ Name: 'Web', Labels: 'a=1' }];
  const format = 'table {{lower .Name}}\t{{json .Labels}}\t{{truncate .Name 1}}\t{{printf "%.2s" .Name}}';
  t.equal(formatRows(rows, listing, format), 'NAME   LABELS   NAME   NA\nweb    "a=1"    W      We\n');
  t.equal(formatRows(rows, listing, 'table{{.Name}}'), 'NAME\nWeb\n', 'as Docker, with nothing between');
});

t.test('what is wrong is told', async (t) => {
  for (const [template, code, message] of [
    ['{{.Nome}}', 'no-such-field', /no field Nome.*/],
    ['{{.Name.First}}', 'no-such-field', /First/],
    ['{{.Name', 'bad-template', /unclosed action/],
    ['{{}}', 'bad-template', /missing value/],
    ['{{Name}}', 'bad-template', /function "Name" not defined/],
    ['{{.Name | nope}}', 'bad-template', /function "nope" not defined/],
    ['{{if .Name}}', 'bad-template', /no \{\{end\}\}/],
    ['{{end}}', 'bad-template', /unexpected \{\{end\}\}/],
    ['{{index .Layers 7}}', 'bad-template', /out of range/],
    ['{{range .Name}}{{end}}', 'bad-template', /iterate/],
    ['{{.Name "x"}}', 'bad-template', /no function/],
    ['{{define "x"}}{{end}}', 'bad-template', /not there/],
    ['{{$x}}', 'bad-template', /undefined variable/],
    ['{{(.Name}}', 'bad-template', /parenthesis/],
    ['{{slice .Name 0 4}}', 'bad-template', /out of range/],
    ['{{slice .Size 0 1}}', 'bad-template', /slice of 3/],
    ['{{eq .Name 3}}', 'bad-template', /incompatible types/],
    ['{{lt .Name 3}}', 'bad-template', /incompatible types/],
    ['{{pad .Name -2 2}}', 'bad-template', /-2/],
    ['{{printf "%999999999999s" .Name}}', 'bad-template', /too much/],
    [String.raw`{{"\y"}}`, 'bad-template', /bad string/],
    ["{{'ab'}}", 'bad-template', /bad string/],
    ['{{.Name ~}}', 'bad-template', /unexpected/],
  ] as const)
    t.throws(() => print(template), { code, message }, template);
});

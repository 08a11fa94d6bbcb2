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
    ['{{.Name ~}}', 'bad-template', /unexpected/],
  ] as const)
    t.throws(() => print(template), { code, message }, template);
});

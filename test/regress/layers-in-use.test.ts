/** `system df` promised that a prune gives back layers which a stopped container of an image without a name needs. */
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

interface Row {
  readonly what: string;
  readonly active: number;
  readonly reclaimable: number;
}

t.test('what a container needs is in use', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { get } = strata;
  const images = (): Row | undefined =>
    (JSON.parse(get('system', 'df', '--json')) as Row[]).find(({ what }) => what === 'images');
  const Dockerfile = 'FROM base\nCOPY <<EOF /added\nx\nEOF\n';
  const id = strata.feed(Dockerfile, 'build', '-').stdout.trim();
  t.ok((images()?.reclaimable ?? 0) > 0, 'nobody needs its layer yet');
  get('create', '--name', 'box', id, 'true');
  t.match(images(), { active: 2, reclaimable: 0 });
  get('rm', 'box');
  t.ok((images()?.reclaimable ?? 0) > 0);
});

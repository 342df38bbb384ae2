import { mergeSimilar } from '@prosaas/agentkit/offline';
import {
  type Queryable,
  type QuestionExample,
  type QuestionGroup,
  type QuestionState,
  listQuestionExamples,
  listQuestionGroups,
} from '@prosaas/database';

/** Texts of a group that are shown, at most. */
const MOST_EXAMPLES = 20;

/** Questions that are alike. */
export interface AlikeQuestions {
  /** That of its largest group; those of the others name it too. */
  id: string;
  business_id: string;
  count: number;
  first_at: Date;
  last_at: Date;
  groupIds: string[];
}

/** The most frequent first; of those as frequent, the latest. */
export async function readAlikeQuestions(
  q: Queryable,
  query: { businessId: string | undefined; state: QuestionState },
): Promise<AlikeQuestions[]> {
  const groups = await listQuestionGroups(q, query);
  return mergeSimilar(groups.map((group) => ({ ...group, set: group.business_id })))
    .map(joined)
    .toSorted(compareAlike);
}

/** The questions that are alike with those of a group; these alone where they are not among what is brought together. */
export async function findAlike(
  q: Queryable,
  { groupId, ...query }: { groupId: string; businessId: string; state: QuestionState },
): Promise<Pick<AlikeQuestions, 'id' | 'groupIds'>> {
  const all = await readAlikeQuestions(q, query);
  return all.find(({ groupIds }) => groupIds.includes(groupId)) ?? { id: groupId, groupIds: [groupId] };
}

function joined(groups: readonly QuestionGroup[]): AlikeQuestions {
  const [leader] = groups;
  if (leader === undefined) throw new Error('a group without questions');
  const times = (pick: (...values: number[]) => number, name: 'first_at' | 'last_at'): Date =>
    new Date(pick(...groups.map((group) => group[name].getTime())));
  return {
    id: leader.id,
    business_id: leader.business_id,
    count: groups.reduce((sum, { count }) => sum + count, 0),
    first_at: times(Math.min, 'first_at'),
    last_at: times(Math.max, 'last_at'),
    groupIds: groups.map(({ id }) => id),
  };
}

type Place = Pick<AlikeQuestions, 'count' | 'last_at' | 'id'>;

export function compareAlike(one: Place, other: Place): number {
  return (
    other.count - one.count ||
    other.last_at.getTime() - one.last_at.getTime() ||
    (one.id < other.id ? -1 : Number(one.id > other.id))
  );
}

/** What was asked, by the id of the questions that are alike; the most frequent first. */
export async function readExamples(
  q: Queryable,
  alike: readonly Pick<AlikeQuestions, 'id' | 'groupIds'>[],
  state: QuestionState,
): Promise<Map<string, QuestionExample[]>> {
  const groupIds = alike.flatMap((one) => one.groupIds);
  const rows = await listQuestionExamples(q, { groupIds, state, limit: MOST_EXAMPLES });
  const byGroup = Map.groupBy(rows, ({ group_id: id }) => id);
  return new Map(
    alike.map((one) => [
      one.id,
      one.groupIds
        .flatMap((id) => byGroup.get(id) ?? [])
        .toSorted((a, b) => b.count - a.count || b.last_at.getTime() - a.last_at.getTime())
        .slice(0, MOST_EXAMPLES),
    ]),
  );
}
